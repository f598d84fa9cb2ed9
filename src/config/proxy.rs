//! Proxies of the environment, which are not used.

use super::load::process_environment;

/// The variables that name a proxy for other programs. A verdict on a target that was reached by
/// another way than the configuration says would be one on something else.
pub fn ignored_proxies() -> Vec<&'static str> {
    set(&|name| process_environment(name).is_some_and(|value| !value.is_empty()))
}

fn set(is_set: &dyn Fn(&str) -> bool) -> Vec<&'static str> {
    let mut found = Vec::new();
    found.extend(VARIABLES.into_iter().filter(|name| is_set(name)));
    found
}

const VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_found_in_either_spelling() {
        let found = set(&|name| ["https_proxy", "HTTP_PROXY", "NO_PROXY"].contains(&name));
        assert_eq!(found, ["HTTP_PROXY", "https_proxy"]);
        assert!(set(&|_| false).is_empty());
    }
}
