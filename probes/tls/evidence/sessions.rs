//! The sessions a server offers to resume.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
};
use rustls_pki_types::ServerName;

/// Keeps sessions for one resumption, and counts what it was offered.
#[derive(Debug)]
pub(in crate::tls) struct Sessions {
    kept: ClientSessionMemoryCache,
    count: AtomicU32,
    early_data: Mutex<Option<u32>>,
}

impl Sessions {
    /// How many sessions were offered.
    pub(in crate::tls) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// The bytes a client may send before the handshake's end; `None` if no session said.
    pub(in crate::tls) fn early_data(&self) -> Option<u32> {
        *self.early_data_lock()
    }

    fn early_data_lock(&self) -> MutexGuard<'_, Option<u32>> {
        self.early_data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            // Enough for the sessions of one server, and no more.
            kept: ClientSessionMemoryCache::new(8),
            count: AtomicU32::new(0),
            early_data: Mutex::default(),
        }
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        self.kept.set_kx_hint(server_name, group);
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.kept.kx_hint(server_name)
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.kept.set_tls12_session(server_name, value);
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.kept.tls12_session(server_name)
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        self.kept.remove_tls12_session(server_name);
    }

    fn insert_tls13_ticket(
        &self,
        server_name: ServerName<'static>,
        value: Tls13ClientSessionValue,
    ) {
        let allowed = value.max_early_data_size();
        let mut early_data = self.early_data_lock();
        *early_data = Some(early_data.unwrap_or(0).max(allowed));
        drop(early_data);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.kept.insert_tls13_ticket(server_name, value);
    }

    fn take_tls13_ticket(
        &self,
        server_name: &ServerName<'static>,
    ) -> Option<Tls13ClientSessionValue> {
        self.kept.take_tls13_ticket(server_name)
    }
}
