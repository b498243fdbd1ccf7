//! Stable names, as JSON, the policy file and the audit trail write them: each stands once, in one table beside its type.

/// Names the variants of an enum without data: `names!(Lane { Fail => "fail", … })` gives `as_str`. With `read` before the table the names
/// are read as well as written: `ALL`, in the table's order, `named`, and serde by the name.
macro_rules! names {
    ($type:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        #[allow(unreachable_pub, clippy::allow_attributes, reason = "types of the crate and of its door are both named here")]
        impl $type {
            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
    ($type:ident read { $($variant:ident => $name:literal),+ $(,)? }) => {
        names!($type { $($variant => $name),+ });

        #[allow(unreachable_pub, clippy::allow_attributes, reason = "types of the crate and of its door are both named here")]
        impl $type {
            /// Every one, in order.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The one of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == name)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[cfg(test)]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "enum": [$($name),+] })
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::named(&name).ok_or_else(|| serde::de::Error::unknown_variant(&name, &[$($name),+]))
            }
        }
    };
}

/// Names the variants of an enum with data: `codes!(Warning { Yanked => "yanked", … })` gives `code`, the name itself; what its content
/// names follows after a semicolon. `codes!(Reason as ReasonCode { … })` gives `code` as a type of its own, in the order of the table.
macro_rules! codes {
    ($type:ident { $($variant:ident => $name:literal),* $(,)? $(; $($inner:pat => $code:expr),+ $(,)?)? }) => {
        #[allow(unreachable_pub, clippy::allow_attributes, reason = "types of the crate and of its door are both named here")]
        impl $type {
            /// The stable name.
            #[must_use]
            pub const fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $name,)*
                    $($($inner => $code,)+)?
                }
            }
        }
    };
    ($type:ident as $(#[$attr:meta])* $code:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $code {
            $(
                #[doc = concat!("See [`", stringify!($type), "::", stringify!($variant), "`].")]
                $variant,
            )+
        }

        names!($code read { $($variant => $name),+ });

        #[allow(unreachable_pub, clippy::allow_attributes, reason = "types of the crate and of its door are both named here")]
        impl $type {
            /// Its kind.
            #[must_use]
            pub const fn code(&self) -> $code {
                match self { $(Self::$variant { .. } => $code::$variant),+ }
            }
        }
    };
}
