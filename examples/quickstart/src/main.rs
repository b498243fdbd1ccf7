//! A project as small as one can be that has something held and something vulnerable in its lock file.

fn main() {
    let text = b"one release, one verdict";
    let guard = crossbeam_epoch::pin();
    println!("{:?}", memchr::memchr(b',', text));
    drop(guard);
}
