//! What reloads are not held up by: pipes in place of the files that a configuration is made from.

use std::{fs, path::Path, process::Command};

use crate::support::{Daemon, Site};

const SHOP: &str = "targets: [{name: shop, url: 'http://127.0.0.1:1', probes: [health]}]\n";
const CART: &str = "targets: [{name: cart, url: 'http://127.0.0.1:1', probes: [health]}]\n";
const NAMING_FILES: &str = "targets:\n- name: shop\n  url: http://127.0.0.1:1\n  trust: {ca_file: ca.pem}\n  probes: [{health: {headers: {x: {file: token}}}}]\n";

/// Puts a pipe, to which nobody writes, in place of a file.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo runs").success());
}

/// Replaces a file, or a pipe, as an editor does: writing into the pipe would wait for its reader.
fn replace(site: &Site, name: &str, text: &str) {
    let new = site.write("new", text);
    fs::rename(new, site.path(name)).expect("renamed");
}

fn metric(daemon: &Daemon, line: &str) {
    daemon.wait_until("/metrics", |text| text.lines().any(|known| known == line));
}

fn refused(daemon: &mut Daemon) {
    daemon.wait_for("the configuration was not taken over");
    metric(daemon, "gonogo_config_last_reload_successful 0");
    metric(daemon, "gonogo_config_reloads_in_progress 0");
}

fn is_watching(daemon: &Daemon, target: &str) {
    daemon.wait_until("/sd", |text| text.contains(target));
    metric(daemon, "gonogo_config_last_reload_successful 1");
}

#[test]
fn a_pipe_in_place_of_the_configuration_is_refused_and_blocks_no_later_reload() {
    let site = Site::new(SHOP);
    let mut daemon = site.serve(&["--storage.none", "--web.enable-lifecycle"]);
    pipe(&site.path("gonogo.yaml"));
    daemon.signal("HUP");
    daemon.wait_for("reloading the configuration because=\"SIGHUP\"");
    let said = daemon.wait_for("the configuration was not taken over");
    assert!(said.contains("it is a pipe, not a regular file"), "{said}");
    metric(&daemon, "gonogo_config_last_reload_successful 0");
    let (status, body) = daemon.request("POST", "/-/reload", "");
    assert_eq!(status, 500, "{body}");
    assert!(body.contains("it is a pipe, not a regular file"), "{body}");
    // What was watched before is watched still.
    assert!(daemon.get("/sd").contains("shop"));

    replace(&site, "gonogo.yaml", CART);
    daemon.signal("HUP");
    is_watching(&daemon, "cart");
    pipe(&site.path("gonogo.yaml"));
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 500);
    replace(&site, "gonogo.yaml", SHOP);
    assert_eq!(daemon.request("POST", "/-/reload", "").0, 200);
    is_watching(&daemon, "shop");
}

#[test]
fn a_pipe_in_place_of_any_file_is_noticed_by_polling_and_so_is_its_end() {
    let authority = gonogo_probes::contract::specimen::Pki::new();
    let authority = authority.root_pem();
    let site = Site::new(SHOP);
    site.write("ca.pem", &authority);
    site.write("token", "a-token");
    replace(&site, "gonogo.yaml", NAMING_FILES);
    let polling = ["--config.enable-auto-reload", "--config.auto-reload-interval", "50ms"];
    let mut daemon = site.serve(&[&["--storage.none"][..], &polling].concat());
    for (name, content) in
        [("gonogo.yaml", NAMING_FILES), ("ca.pem", &authority), ("token", "other")]
    {
        pipe(&site.path(name));
        daemon.wait_for("reloading the configuration because=\"its files changed\"");
        refused(&mut daemon);
        replace(&site, name, content);
        is_watching(&daemon, "shop");
    }
}

#[test]
fn a_pipe_in_a_directory_of_configurations_or_in_its_place_is_refused() {
    let site = Site::new(SHOP);
    let directory = site.path("gonogo.yaml");
    fs::remove_file(&directory).expect("removed");
    fs::create_dir(&directory).expect("a directory");
    fs::write(directory.join("shop.yaml"), SHOP).expect("written");
    let mut daemon = site.serve(&["--storage.none"]);
    pipe(&directory.join("more.yaml"));
    daemon.signal("HUP");
    refused(&mut daemon);
    fs::remove_file(directory.join("more.yaml")).expect("removed");
    daemon.signal("HUP");
    is_watching(&daemon, "shop");

    fs::rename(&directory, site.path("aside")).expect("renamed");
    pipe(&directory);
    daemon.signal("HUP");
    refused(&mut daemon);
    fs::remove_file(&directory).expect("removed");
    fs::rename(site.path("aside"), &directory).expect("renamed");
    daemon.signal("HUP");
    is_watching(&daemon, "shop");
}
