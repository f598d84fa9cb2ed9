//! What the body of a health endpoint states: an overall state, and those of components.
//!
//! Understands what frameworks and servers send and claims nothing about the rest: a body that states
//! nothing has no state, which is neither up nor down.

mod json;
#[cfg(test)]
mod known;
mod names;
mod page;
mod polarity;
mod text;
mod words;
mod xml;

use std::fmt;

pub(super) use names::{is_dependency, words_of};

/// What a body states.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Statement {
    /// How it is written.
    pub(super) format: Format,
    /// The overall state; `None` where the body states none.
    pub(super) overall: Option<Overall>,
    /// The components it reports, each once.
    pub(super) components: Vec<Component>,
    /// A word for its state that is not known here, and so is neither yes nor no.
    pub(super) unclear: Option<String>,
    /// The same of a component; it counts where nothing else says how the whole is.
    unclear_component: Option<String>,
}

/// The overall state, with how it is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Overall {
    /// The state.
    pub(super) state: State,
    /// Whether the body says so itself (`true`), or its components come to it (`false`).
    pub(super) stated: bool,
}

/// One component.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Component {
    /// Its name, those it stands in before it: `db/primary`.
    pub(super) name: String,
    /// Its state; `None` where it is named without one.
    pub(super) state: Option<State>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Format {
    /// Nothing was sent.
    #[default]
    Empty,
    /// A word or a sentence.
    Plain,
    /// A line for each component, as Kubernetes writes them: `[+]etcd ok`.
    Lines,
    /// The IETF draft (draft-inadarei-api-health-check).
    HealthJson,
    /// Spring Boot Actuator.
    Spring,
    /// Eclipse `MicroProfile` Health.
    MicroProfile,
    /// ASP.NET Core health checks.
    AspNet,
    /// Some other JSON.
    Json,
    /// A page.
    Html,
    /// Text or JSON that states nothing we know.
    Opaque,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty body",
            Self::Plain => "plain text",
            Self::Lines => "a line for each component",
            Self::HealthJson => "health+json",
            Self::Spring => "Spring Boot Actuator",
            Self::MicroProfile => "MicroProfile Health",
            Self::AspNet => "ASP.NET Core",
            Self::Json => "JSON",
            Self::Html => "a page",
            Self::Opaque => "not understood",
        })
    }
}

/// A state. The worst is the greatest.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum State {
    /// Works.
    Up,
    /// Works, and leaves the work to another: whether that is ready, the status says.
    Standby,
    /// Works, with something amiss: `warn`, `Degraded`, `yellow`.
    Degraded,
    /// Does not work, because somebody wants it so.
    Maintenance,
    /// Is about to end.
    Ending,
    /// Does not work yet.
    Starting,
    /// Does not work.
    Down,
}

impl State {
    /// The word for it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Standby => "standby",
            Self::Degraded => "degraded",
            Self::Maintenance => "maintenance",
            Self::Ending => "ending",
            Self::Starting => "starting",
            Self::Down => "down",
        }
    }

    /// Whether it takes no requests.
    pub(super) const fn is_no(self) -> bool {
        matches!(self, Self::Maintenance | Self::Ending | Self::Starting | Self::Down)
    }
}

impl Statement {
    /// Reads a body.
    pub(super) fn of(content_type: Option<&str>, body: &str) -> Self {
        let body = body.trim_start_matches('\u{feff}').trim();
        let content_type = content_type.unwrap_or_default().to_ascii_lowercase();
        if body.is_empty() {
            return Self::default();
        }
        if (body.starts_with(['{', '[', '"']) || content_type.contains("json"))
            && let Ok(value) = serde_json::from_str(body)
        {
            return json::read(&content_type, &value);
        }
        let is_page = is_page(body);
        if body.starts_with('<')
            && !is_page
            && (content_type.contains("xml") || body.starts_with("<?xml"))
            && let Some(value) = xml::value(body)
        {
            return json::read(&content_type, &value);
        }
        if content_type.starts_with("text/html") || is_page {
            return page::read(body);
        }
        if body.starts_with('<')
            && let Some(value) = xml::value(body)
        {
            return json::read(&content_type, &value);
        }
        text::read(body)
    }

    /// The overall state, if there is one.
    pub(super) fn state(&self) -> Option<State> {
        self.overall.map(|overall| overall.state)
    }

    /// Whether it says nothing of any state.
    pub(super) fn states_nothing(&self) -> bool {
        self.overall.is_none() && self.components.is_empty() && self.unclear.is_none()
    }

    fn unclear_component(&mut self, word: Option<String>) {
        self.unclear_component = self.unclear_component.take().or(word);
    }

    /// Takes a component in; where it was reported before, its worst state counts.
    fn add(&mut self, name: String, state: Option<State>) {
        if let Some(known) = self.components.iter_mut().find(|component| component.name == name) {
            known.state = known.state.max(state);
        } else if self.components.len() < MOST_COMPONENTS {
            self.components.push(Component { name, state });
        }
    }

    /// Where the body does not say how it is, what its components come to. One whose word is not known
    /// leaves that open, unless another is down.
    fn derive_overall(&mut self) {
        if self.overall.is_some() {
            return;
        }
        let worst = self.components.iter().filter_map(|component| component.state).max();
        if self.unclear_component.is_some() && !worst.is_some_and(State::is_no) {
            self.unclear = self.unclear_component.take();
        } else {
            self.overall = worst.map(|state| Overall { state, stated: false });
        }
    }
}

fn is_page(body: &str) -> bool {
    let start: String = body.chars().take(20).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// More are noise, or an attack.
const MOST_COMPONENTS: usize = 200;
