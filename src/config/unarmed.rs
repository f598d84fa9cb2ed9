//! Why nothing is asked of a target, and what to write.

use gonogo_probes::contract::Target;

use super::{
    loading::Loading,
    mention::mentions,
    mistake::Mistake,
    problem::Problem,
    yaml::{Node, Value},
};

/// Tells why no probe is armed for a target that has no mistakes, and where.
pub(super) fn explain(node: &Node, target: &Target, loading: &Loading<'_>) -> Problem {
    let Target { name, profile, .. } = target;
    let probes = node.get("probes").filter(|probes| !probes.is_null());
    let disabled = mentions(probes, &mut Vec::new()).len();
    let (at, message) = match (probes, profile) {
        (Some(probes), _) if disabled > 0 => {
            (probes.span, format!("every probe of `{name}` is disabled: nothing is asked of it"))
        }
        (_, Some(profile)) => {
            let message = format!(
                "the profile `{}` arms no probe for `{}` URLs: nothing is asked of `{name}`",
                profile.as_str(),
                target.url.scheme()
            );
            (node.nearest(["profile"]).span, message)
        }
        (Some(probes), None) => {
            (probes.span, format!("no probe is listed: nothing is asked of `{name}`"))
        }
        (None, None) => {
            let message =
                format!("`{name}` has neither `profile` nor `probes`: nothing is asked of it");
            (node.nearest(["name"]).span, message)
        }
    };
    Mistake::at(at, message).help(help(node, target, loading)).problem(loading.vault.sources)
}

fn help(node: &Node, target: &Target, loading: &Loading<'_>) -> String {
    let suits = loading.catalogue.iter().filter(|kind| kind.suits(target)).map(|kind| kind.name);
    let suits: Vec<&str> = suits.take(SHOWN).collect();
    let disabled = |probes: &Node| matches!(&probes.value, Value::List(items) if !items.is_empty());
    if node.get("probes").is_some_and(disabled) {
        return "take `enabled: false` out of one of them, or remove the target".to_owned();
    }
    let profile =
        target.profile.map_or("write `profile: api` (or web, worker, database), or ", |_| "");
    format!("{profile}list what to ask: `probes: [{}]`", suits.join(", "))
}

/// Probes that are named as examples.
const SHOWN: usize = 3;
