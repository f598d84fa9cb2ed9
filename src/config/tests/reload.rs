//! Changes of the files are noticed, and only changes.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::config::{Inputs, changed};

const SHOP: &str = "targets: [{name: shop, url: https://shop.example}]\n";
const CART: &str = "targets: [{name: cart, url: https://cart.example}]\n";

struct Place {
    directory: TempDir,
    path: PathBuf,
}

impl Place {
    fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("gonogo.yaml");
        fs::write(&path, text).expect("a file");
        Self { directory, path }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).expect("a file");
    }
}

/// Loads the configuration, and again after every change of its files.
struct Follower {
    path: PathBuf,
    seen: Inputs,
}

fn watch(path: &Path) -> Follower {
    let config = load_path(path).expect("a configuration");
    Follower { path: path.to_owned(), seen: config.inputs }
}

async fn next(follower: &mut Follower) -> Result<Vec<String>, String> {
    let change = changed(EVERY, || follower.seen.clone());
    tokio::time::timeout(Duration::from_secs(30), change).await.expect("a change");
    let (config, seen) = load::attempt(&follower.path, CATALOGUE, now(), &environment);
    follower.seen = seen;
    let config = config.map_err(|error| error.to_string())?;
    Ok(config.targets.iter().map(|target| target.target.name.clone()).collect())
}

async fn is_quiet(follower: &Follower) -> bool {
    let change = changed(EVERY, || follower.seen.clone());
    tokio::time::timeout(Duration::from_millis(100), change).await.is_err()
}

const EVERY: Duration = Duration::from_millis(10);

#[tokio::test]
async fn a_change_is_handed_over_and_nothing_else() {
    let place = Place::new(SHOP);
    let mut watch = watch(&place.path);
    place.write("gonogo.yaml", SHOP);
    assert!(is_quiet(&watch).await, "writing the same is no change");
    place.write("gonogo.yaml", CART);
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned()]));
    assert!(is_quiet(&watch).await);
}

#[tokio::test]
async fn a_broken_configuration_is_told_once_and_can_be_fixed() {
    let place = Place::new(SHOP);
    let mut watch = watch(&place.path);
    place.write("gonogo.yaml", "targets: [{name: shop, url: https://sh");
    let said = next(&mut watch).await.expect_err("half-written");
    assert!(said.contains("never closed"), "{said}");
    assert!(is_quiet(&watch).await);
    fs::remove_file(&place.path).expect("to remove");
    let said = next(&mut watch).await.expect_err("gone");
    assert!(said.contains("cannot read"), "{said}");
    place.write("gonogo.yaml", CART);
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned()]));
}

#[tokio::test]
async fn files_that_the_configuration_names_are_watched_too() {
    let place = Place::new(
        "targets: [{name: shop, url: https://shop.example, probes: [{health: {headers: {x: {file: token}}}}]}]\n",
    );
    place.write("token", "one");
    let mut watch = watch(&place.path);
    place.write("token", "two");
    assert_eq!(next(&mut watch).await, Ok(vec!["shop".to_owned()]));
    fs::remove_file(place.directory.path().join("token")).expect("to remove");
    let said = next(&mut watch).await.expect_err("no token");
    assert!(said.contains("the secret `headers.x` cannot be read"), "{said}");
    place.write("token", "three");
    assert_eq!(next(&mut watch).await, Ok(vec!["shop".to_owned()]), "a missing file is waited for");
}

#[tokio::test]
async fn a_mounted_config_map_is_followed_through_its_links() {
    let place = Place::new(SHOP);
    let mount = place.directory.path().join("mount");
    let version = |name: &str, text: &str| {
        let directory = mount.join(name);
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(directory.join("gonogo.yaml"), text).expect("a file");
    };
    version("..1", SHOP);
    symlink("..1", mount.join("..data")).expect("a link");
    symlink("..data/gonogo.yaml", mount.join("gonogo.yaml")).expect("a link");
    let mut watch = watch(&mount);

    version("..2", CART);
    symlink("..2", mount.join("..data_tmp")).expect("a link");
    fs::rename(mount.join("..data_tmp"), mount.join("..data")).expect("to rename");
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned()]));

    fs::write(mount.join("more.yaml"), SHOP).expect("a file");
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned(), "shop".to_owned()]));
    fs::remove_file(mount.join("more.yaml")).expect("to remove");
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned()]));
}

#[tokio::test]
async fn a_pipe_in_place_of_any_file_is_refused_at_once_and_told_with_its_place() {
    let place = Place::new(
        "targets:\n- name: shop\n  url: https://shop.example\n  trust: {ca_file: ca.pem}\n  probes: [{health: {headers: {x: {file: token}}}}]\n",
    );
    for name in ["ca.pem", "token"] {
        pipe(&place.directory.path().join(name));
    }
    let said = load_path(&place.path).expect_err("two pipes").to_string();
    let ca = place.directory.path().join("ca.pem");
    let ca = ca.display();
    for wanted in [
        format!("gonogo.yaml:4:20: cannot read the file `{ca}`: it is a pipe, not a regular file"),
        "gonogo.yaml:5:42: the secret `headers.x` cannot be read".to_owned(),
    ] {
        assert!(said.contains(&wanted), "{said}");
    }
    fs::remove_file(&place.path).expect("to remove");
    pipe(&place.path);
    let said = load_path(&place.path).expect_err("a pipe").to_string();
    assert!(said.contains("gonogo.yaml`: it is a pipe"), "{said}");
    let said = load_path(place.directory.path()).expect_err("a pipe in a directory").to_string();
    assert!(said.contains("gonogo.yaml`: it is a pipe"), "{said}");
}

fn pipe(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo runs").success());
}
