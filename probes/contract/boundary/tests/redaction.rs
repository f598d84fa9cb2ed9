//! Secrets by value and by shape.

use std::borrow::Cow;

use crate::contract::redact::{REDACTED, Redactor};

fn clean(text: &str) -> String {
    Redactor::default().clean(text).into_owned()
}

#[test]
fn known_values_are_taken_out_wherever_they_stand() {
    let redactor = Redactor::new(vec!["hunter2".into(), "hunter2-and-more".into()]);
    assert_eq!(redactor.clean("x=hunter2;"), "x=[redacted];");
    assert_eq!(redactor.clean("hunter2-and-more"), "[redacted]");
}

#[test]
fn shapes_are_taken_out_and_their_names_stay() {
    assert_eq!(
        clean("postgres://app:s3cr3t@db:5432/x failed"),
        "postgres://app:[redacted]@db:5432/x failed"
    );
    assert_eq!(clean("Authorization: Bearer abcdef123456"), "Authorization: Bearer [redacted]");
    assert_eq!(clean(r#"{"password": "hello world"}"#), r#"{"password": "[redacted]"}"#);
    assert_eq!(clean("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"), REDACTED);
    assert_eq!(
        clean("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end"),
        "[redacted] end"
    );
    assert_eq!(clean("-----BEGIN PRIVATE KEY-----\nMIIE"), REDACTED);
}

#[test]
fn clean_text_is_not_copied() {
    let redactor = Redactor::new(vec!["hunter2".into()]);
    let text = "status 200, {\"status\":\"ok\"}";
    assert!(matches!(redactor.clean(text), Cow::Borrowed(_)));
}

#[test]
fn cleaning_twice_changes_nothing() {
    let once = clean("api_key=abcdef password: xyz123 https://u:p4ss@h/");
    assert_eq!(clean(&once), once);
    // Not even where the mark looks like a secret.
    let redactor = Redactor::new(vec!["red".into(), "redacted".into()]);
    assert_eq!(redactor.clean("red [redacted]"), "[redacted] [redacted]");
}

#[test]
fn secrets_within_a_secret_are_known() {
    for (secret, text) in [
        ("postgres://app:s3cr%40t-pw@db:5432/shop", "for app: s3cr@t-pw"),
        ("postgres://app:s3cr%40t-pw@db:5432/shop", "for app: s3cr%40t-pw"),
        ("host=db user=app password='s3cret word' dbname=shop", "it was s3cret word"),
        ("Server=db;User Id=app;Password=s3cretpw;", "it was s3cretpw"),
        ("Bearer abcdefgh12345678", "token abcdefgh12345678"),
        ("Basic YXBwOnMzY3JldHB3", "it was s3cretpw"),
        ("redis://:s3cretpw@cache:6379", "AUTH s3cretpw"),
        ("{\"type\": \"x\", \"private_key_id\": \"0123456789abcdef\"}", "id 0123456789abcdef"),
        ("session=0123456789abcdef; theme=dark", "sid 0123456789abcdef"),
    ] {
        let redactor = Redactor::new(vec![secret.into()]);
        assert!(redactor.clean(text).ends_with(REDACTED), "{secret}: {}", redactor.clean(text));
    }
}

#[test]
fn the_user_and_password_of_basic_authentication_are_known_in_base64() {
    let redactor = Redactor::new(vec!["https://app:s3cretpw@shop.example/".into()]);
    // app:s3cretpw
    let clean = redactor.clean("authorization was YXBwOnMzY3JldHB3.").into_owned();
    assert!(!clean.contains("MzY3JldHB3"), "{clean}");
}

#[test]
fn a_secret_can_be_learned_and_the_oldest_is_forgotten() {
    let redactor = Redactor::new(vec!["told-at-first".into()]);
    for number in 0..40 {
        redactor.learn(format!("fetched-{number:03}-token").into());
        redactor.learn(format!("fetched-{number:03}-token").into());
    }
    let clean = |text: &str| redactor.clean(text).into_owned();
    assert_eq!(clean("fetched-039-token told-at-first"), "[redacted] [redacted]");
    assert_eq!(clean("fetched-007-token"), "fetched-007-token");
    assert_eq!(clean("fetched-008-token"), REDACTED);
}

#[test]
fn an_excerpt_is_one_short_line() {
    let excerpt = |text: &str, chars| Redactor::default().excerpt(text.as_bytes(), chars);
    assert_eq!(excerpt(" a\r\n\tb\0c ", 80), "a b c");
    assert_eq!(excerpt("hello world", 11), "hello world");
    assert_eq!(excerpt("hello world", 6), "hello…");
    assert_eq!(excerpt("hello world", 8), "hello wo…");
    assert_eq!(excerpt("éééé", 2), "éé…");
    assert_eq!(excerpt("", 5), "");
    assert_eq!(excerpt(&format!("a{}b", " ".repeat(10_000)), 10), "a…");
}

#[test]
fn a_secret_is_taken_out_before_an_excerpt_is_cut_wherever_it_stands() {
    let secret = "correct-horse-battery-staple";
    let redactor = Redactor::new(vec![secret.into()]);
    for before in 0..100 {
        let text = format!("{}{secret} and more", "x".repeat(before));
        for shown in [
            redactor.excerpt(text.as_bytes(), 80),
            redactor.excerpt_at(&text, before + 3..text.len(), 80),
            redactor.excerpt_at(&text, 0..before + 20, 80),
        ] {
            assert!(!shown.contains("rrect"), "{before}: {shown}");
            assert!(!shown.contains("battery"), "{before}: {shown}");
        }
    }
}

#[test]
fn the_words_of_a_url_are_no_secrets() {
    let redactor = Redactor::new(vec!["postgres://app:hunter2@db/shop".into()]);
    assert_eq!(redactor.clean("this is postgres"), "this is postgres");
    assert_eq!(redactor.clean("cut: postgres://app:hunt"), "cut: postgres://app:[redacted]");
}

#[test]
fn a_word_that_a_secret_begins_with_is_no_secret() {
    let redactor = Redactor::new(vec!["weak-hunter2".into()]);
    assert_eq!(redactor.clean("the token is weak"), "the token is weak");
    assert_eq!(redactor.clean("the token is weak-h"), "the token is [redacted]");
}
