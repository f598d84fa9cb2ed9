//! What stands in a page that its header has a say in: scripts, and what a `meta` adds to the header.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, HtmlString, Token, Tokenizer};

/// What stands in a page, in its order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Page {
    /// Every `script`.
    pub(crate) scripts: Vec<Script>,
    /// Every `meta http-equiv`.
    pub(crate) equivalents: Vec<Equivalent>,
    /// `meta name=referrer`.
    pub(crate) referrer: Vec<String>,
    /// The first `base href`.
    pub(crate) base: Option<String>,
    /// Style sheets, icons and images, as they are written.
    pub(crate) files: Vec<String>,
}

/// A `meta http-equiv`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Equivalent {
    /// The name, in lower case.
    pub(crate) name: String,
    /// The content.
    pub(crate) content: String,
    /// Whether it is a child of `head`; a policy anywhere else has no effect (HTML standard, pragma
    /// directives).
    pub(crate) in_head: bool,
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
        let mut head = Head::default();
        for token in Tokenizer::new_with_emitter(html, emitter) {
            // Reading from memory cannot fail.
            let Ok(token) = token;
            head.pass(&token);
            let Token::StartTag(tag) = token else { continue };
            let attributes = Attributes(
                tag.attributes
                    .into_iter()
                    .map(|(name, value)| (text(&name), text(&value)))
                    .collect(),
            );
            page.element(&tag.name, &attributes, head.is_open());
        }
        page
    }

    fn element(&mut self, name: &[u8], attributes: &Attributes, in_head: bool) {
        match name {
            b"script" => self.scripts.push(Script {
                src: attributes.some("src"),
                integrity: attributes.some("integrity"),
                nonce: attributes.some("nonce"),
            }),
            b"meta" => self.meta(attributes, in_head),
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

    fn meta(&mut self, attributes: &Attributes, in_head: bool) {
        let Some(content) = attributes.get("content") else { return };
        if let Some(name) = attributes.get("http-equiv") {
            let name = name.trim().to_ascii_lowercase();
            self.equivalents.push(Equivalent { name, content: content.to_owned(), in_head });
        } else if attributes.get("name").is_some_and(|n| n.trim().eq_ignore_ascii_case("referrer"))
        {
            self.referrer.push(content.to_owned());
        }
    }

    /// The content of every `meta http-equiv` of this name.
    pub(crate) fn equivalent<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let all = self.equivalents.iter().filter(move |one| one.name == name);
        all.map(|one| one.content.as_str())
    }
}

/// Where a page's `head` ends: at `</head>` but for what may still be added to it, at `body`, or at
/// the first thing that cannot stand in a head (HTML standard, section 13.2.6.4, "in head" and "after
/// head").
#[derive(Debug, Default)]
struct Head {
    /// Whether it has ended for good.
    over: bool,
    /// The element whose text is none of the head's.
    within: Option<Vec<u8>>,
    /// Templates that are open: what stands in them is no child of the head.
    templates: usize,
}

impl Head {
    fn is_open(&self) -> bool {
        !self.over && self.templates == 0 && self.within.is_none()
    }

    fn pass(&mut self, token: &Token) {
        match token {
            _ if self.over => {}
            Token::StartTag(tag) => self.start(&tag.name),
            Token::EndTag(tag) => self.end(&tag.name),
            Token::String(text) if self.is_open() => {
                self.over = !text.iter().all(u8::is_ascii_whitespace);
            }
            _ => {}
        }
    }

    fn start(&mut self, name: &[u8]) {
        if self.within.is_some() {
            return;
        }
        match name {
            b"template" => self.templates += 1,
            _ if self.templates > 0 => {}
            b"title" | b"style" | b"script" | b"noframes" | b"noscript" => {
                self.within = Some(name.to_vec());
            }
            b"html" | b"head" | b"base" | b"basefont" | b"bgsound" | b"link" | b"meta" => {}
            _ => self.over = true,
        }
    }

    fn end(&mut self, name: &[u8]) {
        match &self.within {
            Some(open) if open == name => self.within = None,
            Some(_) => {}
            None => match name {
                b"template" => self.templates = self.templates.saturating_sub(1),
                b"body" | b"html" | b"br" if self.templates == 0 => self.over = true,
                _ => {}
            },
        }
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
    fn a_head_ends_where_browsers_end_it() {
        let in_head = |html: &str| {
            let page = Page::read(&html.replace('M', "<meta http-equiv=x content=y>"));
            page.equivalents.iter().map(|one| one.in_head).collect::<Vec<_>>()
        };
        assert_eq!(in_head("<!doctype html><html><head><title>a</title>M"), [true]);
        assert_eq!(in_head("M"), [true]);
        assert_eq!(in_head("<head></head> M<body>M"), [true, false]);
        assert_eq!(in_head("<script>x</script><style>y</style><!-- z -->M<p>M"), [true, false]);
        assert_eq!(in_head("<head><div></div>M</head>"), [false]);
        assert_eq!(in_head("<head>text M"), [false]);
        assert_eq!(in_head("<template>M</template>M"), [false, true]);
        assert_eq!(in_head("<head></body>M"), [false]);
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
