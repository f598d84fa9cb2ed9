//! Values that survive a restart.

use std::{any::Any, sync::Arc};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A value of a probe's own that is remembered across restarts.
///
/// ```
/// use gonogo_probes::contract::{Kept, Memory};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
/// struct Seen {
///     serial: String,
/// }
///
/// impl Kept for Seen {
///     const NAME: &'static str = "seen";
///     const VERSION: u32 = 1;
///     const MOST: usize = 1024;
/// }
///
/// let memory = Memory::default();
/// memory.keep(Seen { serial: "2a".to_owned() })?;
/// assert_eq!(memory.kept::<Seen>().expect("kept").serial, "2a");
/// # Ok::<(), gonogo_probes::contract::NotKept>(())
/// ```
///
/// What is kept is written to disk, so a secret must never be part of it. That is a matter of types:
/// neither `Secret` nor `SecretString` can be serialised. A token that a later visit needs is
/// [stored](super::Memory::store) instead, which lasts until a restart.
///
/// ```compile_fail,E0277
/// use gonogo_probes::contract::{Kept, setting::Secret};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Serialize)]
/// struct Seen {
///     serial: Secret,
/// }
///
/// impl Kept for Seen {
///     const NAME: &'static str = "seen";
///     const VERSION: u32 = 1;
///     const MOST: usize = 1024;
/// }
/// ```
pub trait Kept: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is called on disk; one of a kind within the probe.
    const NAME: &'static str;

    /// Counts changes of its form. A value of another version is set aside, never read as this one.
    const VERSION: u32;

    /// How many bytes it may take as JSON. A larger value is refused.
    const MOST: usize;
}

/// Why a value was not kept. The one before it stays.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotKept {
    /// It is larger than its type allows.
    #[error("`{name}` takes {size} bytes, more than the {most} it may")]
    TooLarge {
        /// What it is called.
        name: &'static str,
        /// How many bytes it takes.
        size: usize,
        /// How many it may take.
        most: usize,
    },
    /// It cannot be written as JSON.
    #[error("`{name}` cannot be written ({why}); this is a bug in gonogo")]
    Unwritable {
        /// What it is called.
        name: &'static str,
        /// Why not.
        why: String,
    },
    /// The probe keeps too many different values already.
    #[error("`{name}` is one value too many; a probe may keep {most}")]
    TooMany {
        /// What it is called.
        name: &'static str,
        /// How many there may be.
        most: usize,
    },
}

/// Why a value that was stored does not come back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Lost {
    /// There is none.
    Absent,
    /// There is one, of these versions only.
    OtherVersion(u32),
    /// It is not what this version writes.
    Damaged(String),
}

/// The values one armed probe keeps.
#[derive(Debug, Default)]
pub(super) struct Cabinet {
    drawers: Vec<Drawer>,
}

#[derive(Debug)]
struct Drawer {
    name: String,
    version: u32,
    content: Content,
}

enum Content {
    /// As it was read from disk; nobody has asked for it yet.
    Stored(String),
    /// As a probe knows it.
    Known { value: Arc<dyn Any + Send + Sync>, write: Write, digest: u32 },
}

type Write = fn(&(dyn Any + Send + Sync)) -> Option<String>;

impl Cabinet {
    /// Keeps a value, and tells whether it differs from the one before.
    pub(super) fn keep<T: Kept>(&mut self, value: T) -> Result<bool, NotKept> {
        const { assert!(T::MOST <= LARGEST, "a kept value is smaller than this") };
        let (name, most) = (T::NAME, T::MOST);
        let json = serde_json::to_string(&value)
            .map_err(|error| NotKept::Unwritable { name, why: error.to_string() })?;
        if json.len() > most {
            return Err(NotKept::TooLarge { name, size: json.len(), most });
        }
        let digest = digest(&json);
        let content = Content::Known { value: Arc::new(value), write: write::<T>, digest };
        let place = self.drawers.iter().position(|it| it.name == name && it.version == T::VERSION);
        if let Some(place) = place {
            let drawer = &mut self.drawers[place];
            let same = match &drawer.content {
                Content::Stored(text) => *text == json,
                Content::Known { digest: before, .. } => *before == digest,
            };
            drawer.content = content;
            return Ok(!same);
        }
        // Of other versions one is left, for a gonogo that is rolled back.
        let others: Vec<usize> = self.of_name(name).map(|(place, _)| place).collect();
        if let [first, _, ..] = others[..] {
            self.drawers.remove(first);
        }
        if self.drawers.len() >= MOST_VALUES {
            return Err(NotKept::TooMany { name, most: MOST_VALUES });
        }
        self.drawers.push(Drawer { name: name.to_owned(), version: T::VERSION, content });
        Ok(true)
    }

    /// The value that was kept under this type.
    pub(super) fn kept<T: Kept>(&mut self) -> Result<Arc<T>, Lost> {
        let place =
            self.drawers.iter().position(|it| it.name == T::NAME && it.version == T::VERSION);
        let Some(place) = place else {
            let other = self.of_name(T::NAME).next();
            return Err(other.map_or(Lost::Absent, |(_, version)| Lost::OtherVersion(version)));
        };
        let text = match &self.drawers[place].content {
            Content::Known { value, .. } => {
                return Arc::clone(value).downcast().map_err(|_| {
                    Lost::Damaged("two types of this probe are kept under one name".to_owned())
                });
            }
            Content::Stored(text) => text,
        };
        let read = if text.len() > T::MOST {
            Err(format!("it takes {} bytes, more than the {} it may", text.len(), T::MOST))
        } else {
            serde_json::from_str::<T>(text).map_err(|error| error.to_string())
        };
        match read {
            Ok(value) => {
                let (value, digest) = (Arc::new(value), digest(text));
                let known: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(&value);
                self.drawers[place].content =
                    Content::Known { value: known, write: write::<T>, digest };
                Ok(value)
            }
            Err(why) => {
                self.drawers.remove(place);
                Err(Lost::Damaged(why))
            }
        }
    }

    fn of_name(&self, name: &str) -> impl Iterator<Item = (usize, u32)> {
        let places = self.drawers.iter().enumerate();
        places.filter(move |(_, it)| it.name == name).map(|(place, it)| (place, it.version))
    }

    pub(super) fn saved(&self) -> Vec<SavedValue> {
        let text = |content: &Content| match content {
            Content::Stored(text) => Some(text.clone()),
            Content::Known { value, write, .. } => write(value.as_ref()),
        };
        let saved = self.drawers.iter().filter_map(|drawer| {
            let json = text(&drawer.content)?;
            Some(SavedValue { name: drawer.name.clone(), version: drawer.version, json })
        });
        saved.collect()
    }

    pub(super) fn restored(saved: Vec<SavedValue>) -> Self {
        let drawers = saved.into_iter().take(MOST_VALUES).map(|value| Drawer {
            name: value.name,
            version: value.version,
            content: Content::Stored(value.json),
        });
        Self { drawers: drawers.collect() }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stored(_) => "Stored",
            Self::Known { .. } => "Known",
        })
    }
}

fn write<T: Kept>(value: &(dyn Any + Send + Sync)) -> Option<String> {
    serde_json::to_string(value.downcast_ref::<T>()?).ok()
}

fn digest(text: &str) -> u32 {
    let mut sum = flate2::Crc::new();
    sum.update(text.as_bytes());
    sum.sum()
}

/// A value as it is stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct SavedValue {
    name: String,
    version: u32,
    json: String,
}

/// No type may allow itself more: there may be thousands of targets.
const LARGEST: usize = 256 * 1024;
/// Values, versions of one name counted apart.
const MOST_VALUES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
    struct First(String);

    impl Kept for First {
        const NAME: &'static str = "seen";
        const VERSION: u32 = 1;
        const MOST: usize = 100;
    }

    #[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
    struct Second {
        texts: Vec<String>,
    }

    impl Kept for Second {
        const NAME: &'static str = "seen";
        const VERSION: u32 = 2;
        const MOST: usize = 100;
    }

    /// Cannot be written: a map whose keys are no strings.
    #[derive(Debug, Deserialize, Serialize)]
    struct Odd(std::collections::BTreeMap<(u8, u8), u8>);

    impl Kept for Odd {
        const NAME: &'static str = "odd";
        const VERSION: u32 = 1;
        const MOST: usize = 100;
    }

    fn restarted(cabinet: &Cabinet) -> Cabinet {
        Cabinet::restored(cabinet.saved())
    }

    #[test]
    fn a_value_comes_back_before_and_after_a_restart() {
        let mut cabinet = Cabinet::default();
        assert_eq!(cabinet.kept::<First>().expect_err("nothing yet"), Lost::Absent);
        assert_eq!(cabinet.keep(First("a".to_owned())), Ok(true));
        assert_eq!(*cabinet.kept::<First>().expect("kept"), First("a".to_owned()));
        // Twice: nobody asks for it between two restarts.
        let mut after = restarted(&restarted(&cabinet));
        assert_eq!(*after.kept::<First>().expect("kept"), First("a".to_owned()));
    }

    #[test]
    fn the_same_value_again_is_no_change() {
        let mut cabinet = Cabinet::default();
        assert_eq!(cabinet.keep(First("a".to_owned())), Ok(true));
        assert_eq!(cabinet.keep(First("a".to_owned())), Ok(false));
        let mut after = restarted(&cabinet);
        assert_eq!(after.keep(First("a".to_owned())), Ok(false));
        assert_eq!(after.keep(First("b".to_owned())), Ok(true));
    }

    #[test]
    fn a_value_that_is_too_large_is_refused_and_the_one_before_stays() {
        let mut cabinet = Cabinet::default();
        cabinet.keep(First("a".to_owned())).expect("small");
        let refused = cabinet.keep(First("a".repeat(99))).expect_err("101 bytes");
        assert_eq!(refused, NotKept::TooLarge { name: "seen", size: 101, most: 100 });
        assert_eq!(cabinet.kept::<First>().expect("kept").0, "a");
        assert_eq!(cabinet.keep(First("a".repeat(98))), Ok(true), "exactly what it may");
    }

    #[test]
    fn another_version_is_set_aside_and_there_again_after_a_rollback() {
        let mut cabinet = Cabinet::default();
        cabinet.keep(First("a".to_owned())).expect("small");
        let mut upgraded = restarted(&cabinet);
        assert_eq!(upgraded.kept::<Second>().expect_err("version 1"), Lost::OtherVersion(1));
        upgraded.keep(Second { texts: vec!["b".to_owned()] }).expect("small");
        assert_eq!(upgraded.kept::<Second>().expect("kept").texts, ["b"]);
        let mut rolled_back = restarted(&upgraded);
        assert_eq!(rolled_back.kept::<First>().expect("still there").0, "a");
    }

    #[test]
    fn a_damaged_value_is_dropped_and_said() {
        for json in ["", "\"a", "{}", "7"] {
            let saved = SavedValue { name: "seen".to_owned(), version: 1, json: json.to_owned() };
            let mut cabinet = Cabinet::restored(vec![saved]);
            let lost = cabinet.kept::<First>().expect_err(json);
            assert!(matches!(lost, Lost::Damaged(_)), "{json}: {lost:?}");
            assert_eq!(cabinet.kept::<First>().expect_err("gone"), Lost::Absent);
        }
    }

    #[test]
    fn a_stored_value_larger_than_it_may_be_is_not_read() {
        let json = format!("{:?}", "a".repeat(99));
        let saved = SavedValue { name: "seen".to_owned(), version: 1, json };
        let lost = Cabinet::restored(vec![saved]).kept::<First>().expect_err("too large");
        assert!(matches!(lost, Lost::Damaged(_)), "{lost:?}");
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let odd = Odd([((1, 2), 3)].into());
        let refused = Cabinet::default().keep(odd).expect_err("no JSON");
        assert!(matches!(refused, NotKept::Unwritable { .. }), "{refused}");
    }

    #[test]
    fn secrets_cannot_be_serialised() {
        use crate::contract::setting::{Secret, Text};

        /// Says `true` of what can be serialised: its own method hides the trait's.
        struct Is<T>(std::marker::PhantomData<T>);
        trait Otherwise {
            fn can_be_serialised(&self) -> bool {
                false
            }
        }
        impl<T> Otherwise for Is<T> {}
        impl<T: Serialize> Is<T> {
            #[expect(clippy::unused_self, reason = "it must look like the trait's")]
            fn can_be_serialised(&self) -> bool {
                true
            }
        }
        assert!(Is::<String>(std::marker::PhantomData).can_be_serialised());
        assert!(!Is::<Secret>(std::marker::PhantomData).can_be_serialised());
        assert!(!Is::<Text>(std::marker::PhantomData).can_be_serialised());
        assert!(!Is::<secrecy::SecretString>(std::marker::PhantomData).can_be_serialised());
    }
}
