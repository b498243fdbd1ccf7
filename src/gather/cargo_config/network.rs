//! `[http]`, `[net]`, and where cargo keeps its lock file.

use std::time::Duration;

use super::CargoConfig;
use super::error::CargoConfigError;
use crate::gather::http::{self, HttpSettings};
use crate::model::policy::Origin;

impl CargoConfig {
    /// How to reach the network.
    ///
    /// # Errors
    /// A key of these has the wrong type.
    pub fn http(&self) -> Result<HttpSettings, CargoConfigError> {
        Ok(HttpSettings {
            proxy: self.text(&["http", "proxy"])?.map(|setting| setting.value),
            proxy_variables: http::proxy_variables()
                .filter_map(|name| Some((name, self.environment.get(name)?.to_owned())))
                .collect(),
            cainfo: self.path(&["http", "cainfo"])?,
            timeout: self.count(&["http", "timeout"])?.map(|seconds| Duration::from_secs(seconds.into())),
            retry: self.count(&["net", "retry"])?,
            no_multiplexing: self.boolean(&["http", "multiplexing"])? == Some(false),
            listener: self.environment.listener().clone(),
        })
    }

    /// `net.offline`: whether the network must be left alone.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub fn offline(&self) -> Result<bool, CargoConfigError> {
        Ok(self.boolean(&["net", "offline"])?.unwrap_or(false))
    }

    /// Where `resolver.lockfile-path` stands, which lets cargo 1.97 and later use another lock file.
    ///
    /// # Errors
    /// It is no string.
    pub fn lockfile_path(&self) -> Result<Option<Origin>, CargoConfigError> {
        Ok(self.text(&["resolver", "lockfile-path"])?.map(|setting| setting.origin))
    }
}
