//! What a node keeps in memory, up to a bound: what was not used for longest goes first. And who is on the way to fetch what.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Values by their keys.
#[derive(Debug)]
pub(super) struct Memory<K, V> {
    /// The most that they may weigh together, in bytes.
    room: u64,
    slots: Mutex<Slots<K, V>>,
}

#[derive(Debug)]
struct Slots<K, V> {
    by_key: HashMap<K, Slot<V>>,
    weight: u64,
    /// Counts what is asked for.
    uses: u64,
}

#[derive(Debug)]
struct Slot<V> {
    value: V,
    weight: u64,
    used: u64,
    /// By a clock that nobody can set.
    since: Instant,
}

impl<K: Clone + Eq + Hash, V: Clone> Memory<K, V> {
    pub(super) fn new(room: u64) -> Self {
        Self { room, slots: Mutex::new(Slots { by_key: HashMap::new(), weight: 0, uses: 0 }) }
    }

    /// What is kept under a key, and for how long by now.
    pub(super) fn get(&self, key: &K) -> Option<(V, Duration)> {
        let mut slots = self.slots();
        slots.uses += 1;
        let uses = slots.uses;
        let slot = slots.by_key.get_mut(key)?;
        slot.used = uses;
        Some((slot.value.clone(), slot.since.elapsed()))
    }

    pub(super) fn put(&self, key: K, value: V, weight: u64) {
        let mut slots = self.slots();
        slots.uses += 1;
        let slot = Slot { value, weight, used: slots.uses, since: Instant::now() };
        if let Some(before) = slots.by_key.insert(key, slot) {
            slots.weight -= before.weight;
        }
        slots.weight += weight;
        if slots.weight > self.room {
            slots.shrink(self.room / 4 * 3);
        }
    }

    /// How many there are, and what they weigh.
    pub(super) fn size(&self) -> (usize, u64) {
        let slots = self.slots();
        (slots.by_key.len(), slots.weight)
    }

    pub(super) fn all(&self) -> Vec<(K, V)> {
        self.slots().by_key.iter().map(|(key, slot)| (key.clone(), slot.value.clone())).collect()
    }

    fn slots(&self) -> MutexGuard<'_, Slots<K, V>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash, V> Slots<K, V> {
    /// Lets go of what was not used for longest; of enough that this is not done for each that comes.
    fn shrink(&mut self, room: u64) {
        let mut by_use: Vec<(u64, K)> = self.by_key.iter().map(|(key, slot)| (slot.used, key.clone())).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in by_use {
            if self.weight <= room {
                return;
            }
            if let Some(slot) = self.by_key.remove(&key) {
                self.weight -= slot.weight;
            }
        }
    }
}

/// So that of many who want the same one goes, and the others wait for what comes.
#[derive(Debug)]
pub(super) struct Flights<K>(Mutex<HashMap<K, Weak<tokio::sync::Mutex<()>>>>);

impl<K> Default for Flights<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> Flights<K> {
    /// Whoever holds it is alone on the way.
    pub(super) fn of(&self, key: &K) -> Arc<tokio::sync::Mutex<()>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade) {
            return flight;
        }
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::default();
        flights.insert(key.clone(), Arc::downgrade(&flight));
        flight
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let memory = Memory::new(100);
        for key in 0..10 {
            memory.put(key, key, 10);
        }
        assert!(memory.get(&0).is_some());
        memory.put(10, 10, 10);
        assert_eq!(memory.size(), (7, 70));
        let kept: Vec<bool> = (0..11).map(|key| memory.get(&key).is_some()).collect();
        assert_eq!(kept.iter().filter(|kept| **kept).count(), 7);
        assert!(kept[0] && kept[10] && !kept[1]);
        memory.put(0, 1, 20);
        assert_eq!(memory.size(), (7, 80));
    }
}
