//! Changes of the files are noticed, and only changes.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::config::Watch;

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

fn watch(path: &Path) -> Watch {
    let config = load_path(path).expect("a configuration");
    Watch::new(path.to_owned(), CATALOGUE, Duration::from_millis(10), config.inputs)
}

async fn next(watch: &mut Watch) -> Result<Vec<String>, String> {
    let changed = tokio::time::timeout(Duration::from_secs(30), watch.changed(now));
    let config = changed.await.expect("a change").map_err(|error| error.to_string())?;
    Ok(config.targets.iter().map(|target| target.target.name.clone()).collect())
}

async fn is_quiet(watch: &mut Watch) -> bool {
    tokio::time::timeout(Duration::from_millis(100), watch.changed(now)).await.is_err()
}

#[tokio::test]
async fn a_change_is_handed_over_and_nothing_else() {
    let place = Place::new(SHOP);
    let mut watch = watch(&place.path);
    place.write("gonogo.yaml", SHOP);
    assert!(is_quiet(&mut watch).await, "writing the same is no change");
    place.write("gonogo.yaml", CART);
    assert_eq!(next(&mut watch).await, Ok(vec!["cart".to_owned()]));
    assert!(is_quiet(&mut watch).await);
}

#[tokio::test]
async fn a_broken_configuration_is_told_once_and_can_be_mended() {
    let place = Place::new(SHOP);
    let mut watch = watch(&place.path);
    place.write("gonogo.yaml", "targets: [{name: shop, url: https://sh");
    let said = next(&mut watch).await.expect_err("half-written");
    assert!(said.contains("never closed"), "{said}");
    assert!(is_quiet(&mut watch).await);
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
    assert!(said.contains("the secret `headers.x` cannot be had"), "{said}");
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
