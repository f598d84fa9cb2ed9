//! How the target answers for a path that does not exist: the control without which a catch-all would
//! pass for a health endpoint.

use std::collections::BTreeMap;

use url::Url;

use super::{Survey, ask::statement};
use crate::{
    health::recognise::{Fingerprint, Reply},
    web::charset,
};

/// The controls made so far, by the folder they were made in, each with the visit that made it.
pub(super) type Controls = BTreeMap<String, (u32, Fingerprint)>;

impl Survey<'_> {
    /// How a path beside `url` that does not exist is answered; `None` if that could not be seen. The
    /// answer is remembered for some visits, unless it must be `fresh`.
    pub(super) async fn control(&mut self, url: &Url, fresh: bool) -> Option<Fingerprint> {
        let folder = folder(url);
        let now = self.remembered.visits;
        if let Some((made, control)) = self.remembered.controls.get(folder.as_str())
            && (*made == now || (!fresh && now - made < LASTS))
        {
            return Some(*control);
        }
        // A name nobody can have thought of, new each time, lest anything remember it.
        let mut nowhere = folder.clone();
        nowhere.set_path(&format!("{}gonogo-{:016x}", folder.path(), fastrand::u64(..)));
        let exchange = self.net.exchange(self.request(&nowhere, true)).await.ok()?;
        let body = charset::text(&exchange);
        let control = Fingerprint::of(&Reply {
            status: exchange.status,
            location: None,
            body: &body,
            statement: &statement(&exchange),
            documented: false,
        });
        self.remembered.controls.insert(folder.to_string(), (now, control));
        Some(control)
    }
}

/// The folder a URL's path is in.
fn folder(url: &Url) -> Url {
    let mut folder = url.clone();
    folder.set_query(None);
    let path = url.path().trim_end_matches('/');
    let end = path.rfind('/').map_or(0, |slash| slash + 1);
    folder.set_path(&path[..end]);
    folder
}

/// Visits a control is good for.
const LASTS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_is_made_beside_the_endpoint() {
        let folder = |url: &str| folder(&Url::parse(url).expect(url)).to_string();
        assert_eq!(folder("http://t.example/readyz?verbose"), "http://t.example/");
        assert_eq!(folder("http://t.example/a/b/c"), "http://t.example/a/b/");
        assert_eq!(folder("http://t.example/a/b/"), "http://t.example/a/");
        assert_eq!(folder("http://t.example/"), "http://t.example/");
    }
}
