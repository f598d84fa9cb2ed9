//! One file a mistake, beside what is said about it. `BLESS=1` writes down what is said.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proptest::{prelude::*, sample::Index};

use super::{blesses, load_path, load_text};

#[test]
fn every_mistake_is_told_as_expected() {
    let bless = blesses();
    let mut wrong = Vec::new();
    let cases = cases("tests/config/bad");
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    for case in cases {
        let error = load_path(&case).expect_err(&case.display().to_string());
        let said = format!("{}\n", error.render(false));
        assert!(!said.contains("hunter2"), "{} shows a secret:\n{said}", case.display());
        let expected = case.with_extension("txt");
        if bless {
            fs::write(&expected, &said).expect("to write");
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "BLESS=1 accepts these:\n\n{}", wrong.join("\n"));
}

#[test]
fn every_expectation_has_its_case() {
    for text in entries("tests/config/bad") {
        if text.extension().is_some_and(|extension| extension == "txt") {
            let case = text.with_extension("yaml");
            assert!(case.exists() || text.with_extension("").is_dir(), "{}", text.display());
        }
    }
}

#[test]
fn every_good_configuration_loads() {
    for case in cases("tests/config/good") {
        load_path(&case).unwrap_or_else(|error| panic!("{}:\n{error}", case.display()));
    }
}

#[test]
fn bytes_that_are_no_text_are_told_where_they_stand() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("gonogo.yaml");
    let said = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("a file");
        let error = load_path(&path).expect_err("no text").to_string();
        error.replace(&path.display().to_string(), "gonogo.yaml")
    };
    let latin = said(b"targets:\n  - name: caf\xe9\n");
    assert!(latin.starts_with("gonogo.yaml:2:14: this is not UTF-8"), "{latin}");
    let utf16 = said(b"\xff\xfet\0a\0r\0");
    assert!(
        utf16.starts_with("gonogo.yaml:1:1: this is not UTF-8") && utf16.contains("UTF-16"),
        "{utf16}"
    );
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("gonogo.yaml");
    let said = load_path(&missing).expect_err("missing").to_string();
    assert!(
        said.starts_with("cannot read the configuration") && said.contains("No such file"),
        "{said}"
    );
    let said = load_path(directory.path()).expect_err("empty").to_string();
    assert!(said.contains("has no files called *.yaml"), "{said}");
}

#[test]
fn a_thousand_mistakes_take_no_longer_than_they_must() {
    let target = |i: usize| {
        format!(
            "  - name: t{i}\n    url: ftp://t{i}.example\n    probes: [{{heath: {{}}}}, {{pool: {{size: x}}}}]\n"
        )
    };
    let text: String =
        std::iter::once("targets:\n".to_owned()).chain((0..1000).map(target)).collect();
    let said = load_text(&text).expect_err("mistakes").to_string();
    assert!(said.ends_with("5000 mistakes"), "{}", said.lines().last().unwrap_or_default());
}

#[test]
fn a_configuration_cut_off_anywhere_is_told_what_is_wrong_or_is_whole() {
    let text = fs::read_to_string("tests/config/good/directory/10-cart.yaml").expect("a file");
    for (cut, _) in text.char_indices() {
        if let Err(error) = load_text(&text[..cut]) {
            let said = error.to_string();
            assert!(said.contains(" mistake") && !said.contains("hunter2"), "{cut}: {said}");
        }
    }
}

proptest! {
    #[test]
    fn no_slip_of_the_finger_makes_it_panic(at in any::<Index>(), slip in "[ \\-:{}\\[\\]\"'#&*|,a-z0-9\n\t]{0,2}") {
        let mut text = fs::read_to_string("tests/config/good/directory/20-checkout.yml").expect("a file");
        let at = text.floor_char_boundary(at.index(text.len()));
        text.replace_range(at..=at, &slip);
        if let Err(error) = load_text(&text) {
            prop_assert!(error.to_string().contains(" mistake"));
        }
    }
}

/// The files and directories that are configurations.
fn cases(directory: &str) -> Vec<PathBuf> {
    let is_case = |path: &PathBuf| {
        path.is_dir() || path.extension().is_some_and(|extension| extension == "yaml")
    };
    entries(directory).into_iter().filter(is_case).collect()
}

fn entries(directory: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}
