//! What stands in a page that its header has a say in: scripts, and what a `meta` adds to the header.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};

/// What stands in a page, in its order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Page {
    /// Every `script`.
    pub(crate) scripts: Vec<Script>,
    /// `meta http-equiv`: name in lower case, and content.
    pub(crate) equivalents: Vec<(String, String)>,
    /// `meta name=referrer`.
    pub(crate) referrer: Vec<String>,
    /// The first `base href`.
    pub(crate) base: Option<String>,
    /// Style sheets, icons and images, as they are written.
    pub(crate) files: Vec<String>,
}

/// A `script`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Script {
    /// `src`, as it is written; empty counts as none.
    pub(crate) src: Option<String>,
    /// `integrity`; empty counts as none.
    pub(crate) integrity: Option<String>,
    /// `nonce`.
    pub(crate) nonce: Option<String>,
}

impl Page {
    /// Reads a page, or the beginning of one.
    pub(crate) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let mut emitter = DefaultEmitter::default();
        // What stands in a script or a comment is no tag.
        emitter.naively_switch_states(true);
        for token in Tokenizer::new_with_emitter(html, emitter) {
            // Reading from memory cannot fail.
            let Ok(Token::StartTag(tag)) = token else { continue };
            let attributes = Attributes(
                tag.attributes
                    .into_iter()
                    .map(|(name, value)| (text(&name), text(&value)))
                    .collect(),
            );
            page.element(&tag.name, &attributes);
        }
        page
    }

    fn element(&mut self, name: &[u8], attributes: &Attributes) {
        match name {
            b"script" => self.scripts.push(Script {
                src: attributes.some("src"),
                integrity: attributes.some("integrity"),
                nonce: attributes.some("nonce"),
            }),
            b"meta" => self.meta(attributes),
            b"base" if self.base.is_none() => self.base = attributes.some("href"),
            b"link" => {
                let rel = attributes.get("rel").unwrap_or_default().to_ascii_lowercase();
                if rel.split_ascii_whitespace().any(|rel| rel == "stylesheet" || rel == "icon") {
                    self.files.extend(attributes.some("href"));
                }
            }
            b"img" => self.files.extend(attributes.some("src")),
            _ => {}
        }
    }

    fn meta(&mut self, attributes: &Attributes) {
        let Some(content) = attributes.get("content") else { return };
        if let Some(name) = attributes.get("http-equiv") {
            self.equivalents.push((name.trim().to_ascii_lowercase(), content.to_owned()));
        } else if attributes.get("name").is_some_and(|n| n.trim().eq_ignore_ascii_case("referrer"))
        {
            self.referrer.push(content.to_owned());
        }
    }

    /// The content of every `meta http-equiv` of this name.
    pub(crate) fn equivalent<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.equivalents.iter().filter(move |(given, _)| given == name);
        all.map(|(_, content)| content.as_str())
    }
}

struct Attributes(BTreeMap<String, String>);

impl Attributes {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn some(&self, name: &str) -> Option<String> {
        let value = self.get(name)?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

fn text(html: &HtmlString) -> String {
    String::from_utf8_lossy(html).into_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scripts_and_metas_are_found_whatever_the_case() {
        let page = Page::read(
            r#"<!doctype html><HEAD><base href="/app/">
            <Meta HTTP-Equiv=" Content-Security-Policy " content="default-src 'none'">
            <meta name=Referrer content=no-referrer>
            <link rel="icon stylesheet" href=/a.css>
            <script SRC='/a.js' integrity="sha384-x" nonce=n></script>
            <script>document.write("<script src=//evil.example></scr" + "ipt>")</script>
            <!-- <script src="/old.js"></script> -->"#,
        );
        let policies: Vec<&str> = page.equivalent("content-security-policy").collect();
        assert_eq!(policies, ["default-src 'none'"]);
        assert_eq!(page.referrer, ["no-referrer"]);
        assert_eq!(page.base.as_deref(), Some("/app/"));
        assert_eq!(page.files, ["/a.css"]);
        assert_eq!(page.scripts.len(), 2);
        assert_eq!(page.scripts[0].src.as_deref(), Some("/a.js"));
        assert_eq!(page.scripts[0].nonce.as_deref(), Some("n"));
        assert_eq!(page.scripts[1], Script::default());
    }

    #[test]
    fn entities_are_read() {
        let page = Page::read("<script src='/a?b=1&amp;c=2'></script>");
        assert_eq!(page.scripts[0].src.as_deref(), Some("/a?b=1&c=2"));
    }

    proptest! {
        #[test]
        fn no_page_makes_the_reader_panic(html in "(<|>|/|=|\"|'|meta|script|!--| |\\PC){0,60}") {
            let _ = Page::read(&html);
        }
    }
}
