//! YAML as people write it, and as they should not.

use proptest::prelude::*;

use super::*;

fn source(text: &str) -> Source {
    Source::new("t.yaml".as_ref(), text.to_owned())
}

fn read(text: &str) -> Node {
    let (node, mistakes) = parse(&source(text), 0);
    assert_eq!(mistakes, []);
    node.expect(text)
}

fn complaints(text: &str) -> Vec<String> {
    let source = source(text);
    let (_, mistakes) = parse(&source, 0);
    let place = |mistake: &Mistake| source.line_and_column(mistake.span.start);
    let show = |mistake: &Mistake| {
        let (line, column) = place(mistake);
        format!("{line}:{column} {}", mistake.message)
    };
    mistakes.iter().map(show).collect()
}

fn text_at<'a>(node: &'a Node, path: &[&str]) -> &'a str {
    node.nearest(path.iter().copied()).text().expect("a scalar")
}

#[test]
fn keys_and_values_know_where_they_stand() {
    let text = "a:\n  - b: 1.20\n    c: \"x y\"\n";
    let node = read(text);
    let entry = node.nearest(["a", "0"]).entry("c").expect("c");
    let slice = |span: Span| &text[span.start as usize..span.end as usize];
    assert_eq!((slice(entry.key.span), slice(entry.value.span)), ("c", "\"x y\""));
    assert_eq!(slice(node.nearest(["a", "0"]).span), "b");
    assert_eq!(text_at(&node, &["a", "0", "b"]), "1.20");
}

#[test]
fn merge_keys_give_way_to_own_keys_and_to_earlier_ones() {
    let node = read("x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 3\n");
    let z = node.get("z").expect("z");
    assert_eq!([text_at(z, &["a"]), text_at(z, &["b"]), text_at(z, &["c"])], ["3", "1", "2"]);
    assert_eq!(complaints("z:\n  <<: 5\n"), ["2:7 `<<` merges mappings, and this is none"]);
}

#[test]
fn every_duplicate_is_reported() {
    let said = complaints("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n");
    assert_eq!(
        said,
        [
            "2:11 the key `c` is here twice",
            "4:1 the key `a` is here twice",
            "3:1 the key `a` is here twice"
        ]
    );
}

#[test]
fn an_alias_bomb_is_refused_before_it_fills_the_memory() {
    let mut lines = vec!["a0: &a0 [x, x, x, x, x, x, x, x, x]".to_owned()];
    for i in 1..12 {
        let alias = format!("*a{}, ", i - 1).repeat(9);
        lines.push(format!("a{i}: &a{i} [{alias}]"));
    }
    let said = complaints(&lines.join("\n"));
    assert!(said[0].contains("too much text"), "{said:?}");
    assert_eq!(complaints("a: &a [*a]"), ["1:8 an alias within what it stands for"]);
    assert_eq!(complaints("a: *b"), ["1:4 an alias to an anchor that is not defined above"]);
}

#[test]
fn depth_is_limited_however_it_comes_about() {
    let flow = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(complaints(&flow)[0].contains("levels deep"), "{:?}", complaints(&flow));
    let block: Vec<String> = (0..200).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    assert!(complaints(&block.concat())[0].contains("levels deep"));
    let mut aliases = vec!["a0: &a0 [x]".to_owned()];
    for i in 1..100 {
        aliases.push(format!("a{i}: &a{i} [*a{}]", i - 1));
    }
    assert!(complaints(&aliases.join("\n"))[0].contains("levels deep"));
}

#[test]
fn what_cannot_be_a_key_is_refused() {
    assert_eq!(complaints("url: {{ x }}"), ["1:7 a key must be text, and this is a collection"]);
    assert_eq!(complaints("a: 1\n: 2\n"), ["2:1 an entry without a key"]);
}

#[test]
fn tags_have_no_meaning_but_for_text() {
    assert_eq!(complaints("a: !env X"), ["1:4 the tag `!env` has no meaning here"]);
    let node = read("a: !!str 5\nb: ! 6\nc: !!int 7");
    assert_eq!(node.get("a").map(Node::plain), Some(Plain::Text));
    assert_eq!(node.get("c").map(Node::plain), Some(Plain::Unsigned(7)));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let node = read("\u{feff}a: 1\n");
    assert_eq!(text_at(&node, &["a"]), "1");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,200}|[\\[\\]{}:,&*!|>'\"%@`#\\-?~ \n\ta-c0-9<.]{0,200}") {
        let source = source(&text);
        for mistake in parse(&source, 0).1 {
            source.line_and_column(mistake.span.start);
        }
    }

    #[test]
    fn a_scalar_survives_being_written_and_read(text in ".{0,40}|[-?:,\\[\\]{}#&*!|>'\"%@` \n\t~.0-9a-f]{0,12}") {
        let mut out = "k:".to_owned();
        let node = Node { span: Span::default(), value: Value::Scalar { text: text.as_str().into(), plain: false } };
        emit(&mut out, &node, 0, &str::to_owned);
        let (read, mistakes) = parse(&source(&out), 0);
        prop_assert_eq!(mistakes, []);
        let read = read.expect("a document");
        let value = read.get("k").expect("a value");
        prop_assert_eq!(value.text(), Some(text.as_str()), "{}", out);
        prop_assert_eq!(value.plain(), Plain::Text);
    }
}
