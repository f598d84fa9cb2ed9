//! Reading pages: what health endpoints of frameworks write into them.

use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::{Format, Overall, State, Statement, words};

/// Reads a page in HTML. Only a short one states anything: in a long one, the words of a state are
/// about something else.
pub(super) fn read(body: &str) -> Statement {
    let mut statement = Statement { format: Format::Html, ..Statement::default() };
    let page = Page::read(body);
    let length: usize = page.lines.iter().map(String::len).sum();
    let state = page.colour.or_else(|| {
        let lines = page.lines.iter().filter(|_| length <= LONGEST);
        lines.filter_map(|line| words::state_of(line)).max()
    });
    statement.overall = state.map(|state| Overall { state, stated: true });
    statement
}

/// What a person sees of a page.
#[derive(Debug, Default)]
struct Page {
    /// Its text, as it is divided by elements and lines.
    lines: Vec<String>,
    /// What its background says: Rails' health endpoint is green or red, and nothing else.
    colour: Option<State>,
}

impl Page {
    fn read(body: &str) -> Self {
        let mut page = Self::default();
        let mut emitter = DefaultEmitter::default();
        emitter.naively_switch_states(true);
        let mut hidden: Option<Vec<u8>> = None;
        for token in Tokenizer::new_with_emitter(body, emitter) {
            let Ok(token) = token;
            match token {
                Token::StartTag(tag) if hidden.is_none() => {
                    let name = &tag.name[..];
                    if matches!(name, b"script" | b"style" | b"title" | b"template" | b"noscript") {
                        hidden = Some(name.to_vec());
                    } else if name == b"body" {
                        let style = tag.attributes.get(&b"style"[..]).map(|style| {
                            String::from_utf8_lossy(style).to_ascii_lowercase().replace(' ', "")
                        });
                        page.colour = style.and_then(|style| colour(&style));
                    }
                }
                Token::EndTag(tag) if hidden.as_deref() == Some(&tag.name[..]) => hidden = None,
                Token::String(text) if hidden.is_none() => {
                    let text = String::from_utf8_lossy(&text);
                    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                    page.lines.extend(lines.map(str::to_owned));
                }
                _ => {}
            }
        }
        page
    }
}

fn colour(style: &str) -> Option<State> {
    let colours = [("green", State::Up), ("red", State::Down)];
    let is = |name: &str| {
        ["background-color:", "background:"]
            .iter()
            .any(|property| style.split(';').any(|one| one.strip_prefix(property) == Some(name)))
    };
    colours.into_iter().find(|(name, _)| is(name)).map(|(_, state)| state)
}

/// Bytes of text; a health endpoint's page says little.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn state(body: &str) -> Option<State> {
        read(body).state()
    }

    #[test]
    fn pages_of_frameworks_say_how_it_is() {
        let rails =
            |colour| format!("<html><body style=\"background-color: {colour}\"></body></html>");
        assert_eq!(state(&rails("green")), Some(State::Up));
        assert_eq!(state(&rails("red")), Some(State::Down));
        assert_eq!(state(&rails("blue")), None);
        let haproxy = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n";
        assert_eq!(state(haproxy), Some(State::Up));
        let laravel = "<title>Laravel</title><script>x</script><h2>Application up</h2><p>HTTP request received. Response successfully rendered in 12ms.</p>";
        assert_eq!(state(laravel), Some(State::Up));
        assert_eq!(state("<h2>Application experiencing problems</h2>"), Some(State::Down));
    }

    #[test]
    fn other_pages_say_nothing() {
        assert_eq!(state("<title>OK</title><p>Welcome to our shop, which is online"), None);
        let long = format!("<p>{}</p><p>OK</p>", "word ".repeat(100));
        assert_eq!(state(&long), None);
        assert_eq!(state("<script>OK</script>"), None);
    }
}
