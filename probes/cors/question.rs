//! The origins to ask as, and what each of them would give away.

use super::origin::Origin;

/// An origin to send.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Question {
    pub(super) origin: String,
    pub(super) class: Class,
    /// Whether a stranger could come to send it: a browser sends such origins, and the domain can be
    /// had. If not, a grant shows a faulty comparison that nobody can use as it is.
    pub(super) usable: bool,
}

/// What a server that grants an origin has got wrong.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Class {
    /// It asks nothing of the origin.
    Any,
    /// It trusts pages without an origin.
    Null,
    /// It compares the beginning.
    Prefix,
    /// It compares the end.
    Suffix,
    /// It looks for the name anywhere.
    Inside,
    /// It looks for the origin in its list, instead of the other way round.
    Fragment,
    /// A dot of its pattern stands for any character.
    Dot,
    /// Its pattern does not end where a name can end.
    Special,
    /// It takes the user name for the host.
    UserInfo,
    /// It trusts every subdomain.
    Subdomain,
    /// It trusts plain HTTP.
    Insecure,
    /// It trusts every port of a host.
    Port,
    /// It trusts a developer's machine.
    Development,
    /// It trusts a host where anybody may publish.
    SharedHosting,
}

impl Class {
    /// Origins that pass for a trusted one.
    pub(super) const LOOKALIKES: [Self; 7] = [
        Self::Prefix,
        Self::Suffix,
        Self::Inside,
        Self::Fragment,
        Self::Dot,
        Self::Special,
        Self::UserInfo,
    ];

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Any => "a stranger",
            Self::Null => "the origin null",
            Self::Prefix => "a name that begins like a trusted one",
            Self::Suffix => "a name that ends like a trusted one",
            Self::Inside => "a name with a trusted one inside",
            Self::Fragment => "a part of a trusted name",
            Self::Dot => "a letter in place of a dot",
            Self::Special => "a special character after a trusted name",
            Self::UserInfo => "a trusted name as the user",
            Self::Subdomain => "a subdomain",
            Self::Insecure => "plain HTTP",
            Self::Port => "another port",
            Self::Development => "a developer's machine",
            Self::SharedHosting => "shared hosting",
        }
    }
}

/// Asked of every server, the most telling first.
pub(super) fn first(own: &Origin, allowed: &[Origin]) -> Vec<Question> {
    let base = allowed.first().unwrap_or(own);
    let mut list = List::new(own, allowed);
    let own = &as_a_site(own, allowed);
    list.usable(Class::Any, format!("https://{STRANGER}"));
    list.usable(Class::Null, "null".to_owned());
    list.usable(Class::Prefix, base.at_default_port(format!("{}.{STRANGER}", base.host)));
    suffixes(&mut list, base);
    dots(&mut list, own);
    subdomains(&mut list, own);
    insecure(&mut list, base);
    port(&mut list, own);
    list.usable(Class::Development, "http://localhost".to_owned());
    for host in &SHARED_HOSTS[..2] {
        list.usable(Class::SharedHosting, format!("https://{host}"));
    }
    list.questions
}

/// Asked besides where the server looks at the origin, or has to: mutations of its own name and of
/// every origin it must allow.
pub(super) fn rest(own: &Origin, allowed: &[Origin]) -> Vec<Question> {
    let mut list = List::new(own, allowed);
    let site = as_a_site(own, allowed);
    for base in allowed.iter().chain([&site]) {
        mutations(&mut list, base);
    }
    let development = ["http://localhost:3000", "http://127.0.0.1:8080"];
    for origin in development {
        list.usable(Class::Development, origin.to_owned());
    }
    list.usable(Class::Prefix, format!("http://localhost.{STRANGER}"));
    for host in SHARED_HOSTS {
        list.usable(Class::SharedHosting, format!("https://{host}"));
    }
    let base = allowed.first().unwrap_or(&site);
    for character in SPECIAL {
        let origin = base.at_default_port(format!("{}{character}.{STRANGER}", base.host));
        // Only Safari opens pages of hosts with the other characters in their names.
        list.add(Class::Special, origin, matches!(character, "_" | "-"));
    }
    // Browsers take the user name out before they send an origin.
    list.add(Class::UserInfo, base.at_default_port(format!("{}@{STRANGER}", base.host)), false);
    let asked = first(own, allowed);
    list.questions.retain(|question| asked.iter().all(|other| other.origin != question.origin));
    list.questions
}

/// Whether this class of questions can be asked of an origin only if it has a registrable domain.
pub(super) fn needs_domain(class: Class) -> bool {
    matches!(class, Class::Suffix | Class::Fragment | Class::Dot | Class::Subdomain)
}

/// The target's name as that of a site, which a policy may have in its patterns: with the scheme of the
/// front end, where that is served otherwise than the target.
fn as_a_site(own: &Origin, allowed: &[Origin]) -> Origin {
    match allowed.first() {
        Some(front_end) if front_end.scheme != own.scheme => {
            Origin { scheme: front_end.scheme.clone(), ..own.at_default_port(own.host.clone()) }
        }
        _ => own.clone(),
    }
}

fn mutations(list: &mut List<'_>, base: &Origin) {
    let host = &base.host;
    list.usable(Class::Prefix, base.at_default_port(format!("{host}.{STRANGER}")));
    list.usable(Class::Prefix, base.at_default_port(format!("{host}{STRANGER}")));
    suffixes(list, base);
    dots(list, base);
    list.usable(Class::Inside, base.at(format!("gonogo.{host}.{STRANGER}")));
    if let Some(domain) = base.registrable() {
        for part in [&domain[1..], &domain[..domain.len() - 1]] {
            // Nobody's name begins or ends between two labels.
            if !part.starts_with(['.', '-']) && !part.ends_with(['.', '-']) {
                list.judged(Class::Fragment, base, base.at(part));
            }
        }
    }
    subdomains(list, base);
    insecure(list, base);
    port(list, base);
}

fn suffixes(list: &mut List<'_>, base: &Origin) {
    if let Some(domain) = base.registrable() {
        for name in [domain, &base.host] {
            list.judged(Class::Suffix, base, base.at(format!("{LABEL}{name}")));
        }
    }
}

fn dots(list: &mut List<'_>, base: &Origin) {
    if base.registrable().is_some() {
        for (at, _) in base.host.match_indices('.') {
            let host = format!("{}x{}", &base.host[..at], &base.host[at + 1..]);
            list.judged(Class::Dot, base, base.at(host));
        }
    }
}

fn subdomains(list: &mut List<'_>, base: &Origin) {
    if let Some(domain) = base.registrable() {
        for name in [domain, &base.host] {
            list.usable(Class::Subdomain, base.at(format!("{LABEL}.{name}")));
        }
    }
}

/// A page by plain HTTP is whatever somebody on the way makes of it. Where the target itself is not
/// secure there is nothing to lose.
fn insecure(list: &mut List<'_>, base: &Origin) {
    if !list.own.is_https() || !base.is_https() {
        return;
    }
    let plain = Origin { scheme: "http".to_owned(), ..base.at_default_port(base.host.clone()) };
    if let Some(domain) = base.registrable() {
        list.usable(Class::Insecure, plain.at(format!("{LABEL}.{domain}")));
    }
    list.usable(Class::Insecure, plain);
}

fn port(list: &mut List<'_>, base: &Origin) {
    let other = if base.port == Some(8443) { 9443 } else { 8443 };
    list.usable(Class::Port, Origin { port: Some(other), ..base.clone() });
}

/// Questions, each origin once, without those that may read anyway.
struct List<'a> {
    own: &'a Origin,
    allowed: &'a [Origin],
    questions: Vec<Question>,
}

impl<'a> List<'a> {
    fn new(own: &'a Origin, allowed: &'a [Origin]) -> Self {
        Self { own, allowed, questions: Vec::new() }
    }

    fn usable(&mut self, class: Class, origin: impl Into<String>) {
        self.add(class, origin, true);
    }

    /// A question whose use depends on whether a stranger can have the name. What stands under a
    /// trusted domain is no lookalike but a subdomain.
    fn judged(&mut self, class: Class, base: &Origin, origin: Origin) {
        let domain = origin.registrable();
        let mut trusted = self.allowed.iter().chain([self.own]).filter_map(Origin::registrable);
        if domain.is_some() && trusted.any(|one| Some(one) == domain) {
            return self.usable(Class::Subdomain, origin);
        }
        let usable = origin.is_open_to_strangers_of(base);
        self.add(class, origin, usable);
    }

    fn add(&mut self, class: Class, origin: impl Into<String>, usable: bool) {
        let origin = origin.into();
        let trusted = |known: &Origin| known.to_string() == origin;
        // What the URL standard does not take for a host, no browser has a page of.
        let usable = usable && (class == Class::Null || origin.parse::<Origin>().is_ok());
        if trusted(self.own)
            || self.allowed.iter().any(trusted)
            || self.questions.iter().any(|question| question.origin == origin)
        {
            return;
        }
        self.questions.push(Question { origin, class, usable });
    }
}

/// A domain that nobody can register (RFC 2606), in place of one that somebody has.
pub(super) const STRANGER: &str = "gonogo-probe.example.net";

/// A label that no deployment has.
const LABEL: &str = "gonogo-probe";

const SPECIAL: [&str; 6] = ["_", "-", "%60", "!", "$", "&"];

/// Where anybody may publish a page.
const SHARED_HOSTS: [&str; 8] = [
    "gonogo-probe.github.io",
    "gonogo-probe.vercel.app",
    "gonogo-probe.netlify.app",
    "gonogo-probe.pages.dev",
    "gonogo-probe.web.app",
    "gonogo-probe.herokuapp.com",
    "gonogo-probe.s3.amazonaws.com",
    "codepen.io",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect(text)
    }

    fn asked(own: &str, allowed: &[&str]) -> Vec<Question> {
        let (own, allowed): (_, Vec<_>) =
            (origin(own), allowed.iter().map(|a| origin(a)).collect());
        let mut all = first(&own, &allowed);
        all.extend(rest(&own, &allowed));
        all
    }

    fn of(class: Class, questions: &[Question]) -> Vec<&str> {
        let those = questions.iter().filter(|question| question.class == class);
        those.map(|question| question.origin.as_str()).collect()
    }

    #[test]
    fn the_allowed_origins_are_mutated_and_not_the_targets_name_alone() {
        let questions = asked("https://api.shop.example", &["https://www.store.example:8443"]);
        let dots = of(Class::Dot, &questions);
        for origin in [
            "https://apixshop.example",
            "https://api.shopxexample",
            "https://wwwxstore.example:8443",
            "https://www.storexexample:8443",
        ] {
            assert!(dots.contains(&origin), "{origin}: {dots:?}");
        }
        let suffixes = of(Class::Suffix, &questions);
        assert!(suffixes.contains(&"https://gonogo-probestore.example:8443"), "{suffixes:?}");
        assert!(of(Class::Fragment, &questions).contains(&"https://tore.example:8443"));
        assert!(of(Class::Port, &questions).contains(&"https://www.store.example:9443"));
        let insecure = of(Class::Insecure, &questions);
        assert!(insecure.contains(&"http://www.store.example"), "{insecure:?}");
    }

    #[test]
    fn a_stranger_can_use_only_what_can_be_registered_and_sent() {
        let questions = asked("https://api.shop.example", &[]);
        let usable = |origin: &str| {
            questions.iter().find(|question| question.origin == origin).expect(origin).usable
        };
        assert!(usable("https://apixshop.example"));
        assert!(!usable("https://api.shopxexample"));
        assert!(usable("https://gonogo-probeshop.example"));
        let under = of(Class::Subdomain, &questions);
        assert!(under.contains(&"https://gonogo-probeapi.shop.example"), "{under:?}");
        assert!(usable("https://api.shop.example_.gonogo-probe.example.net"));
        assert!(!usable("https://api.shop.example!.gonogo-probe.example.net"));
        assert!(!usable("https://api.shop.example@gonogo-probe.example.net"));
    }

    #[test]
    fn an_address_has_neither_subdomains_nor_suffixes() {
        let questions = asked("http://127.0.0.1:8080", &[]);
        for class in [Class::Suffix, Class::Fragment, Class::Dot, Class::Subdomain] {
            assert_eq!(of(class, &questions), [""; 0], "{class:?}");
            assert!(needs_domain(class));
        }
        let prefix = "http://127.0.0.1.gonogo-probe.example.net";
        assert!(of(Class::Prefix, &questions).contains(&prefix));
        assert_eq!(of(Class::Insecure, &questions), [""; 0], "there is nothing to downgrade");
    }

    #[test]
    fn one_endpoint_and_one_front_end_fit_into_one_visit() {
        let (own, front) = (origin("https://api.shop.example"), [origin("https://shop.example")]);
        assert_eq!(first(&own, &[]).len(), 15);
        let all = first(&own, &front).len() + rest(&own, &front).len();
        // The rest of the 60 is for controls, preflights and the front end itself.
        assert!((40..=48).contains(&all), "{all}");
    }

    fn label() -> impl Strategy<Value = String> {
        "[a-z][a-z0-9-]{0,8}[a-z0-9]"
    }

    fn any_origin() -> impl Strategy<Value = Origin> {
        let hosts = prop_oneof![
            prop::collection::vec(label(), 1..5).prop_map(|labels| labels.join(".")),
            any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
            prop::collection::vec(label(), 1..3).prop_map(|l| format!("{}.co.uk", l.join("."))),
        ];
        let ports = prop::option::of(1024_u16..);
        (prop::bool::ANY, hosts, ports).prop_map(|(tls, host, port)| {
            let scheme = if tls { "https" } else { "http" }.to_owned();
            Origin { scheme, host, port }
        })
    }

    proptest! {
        #[test]
        fn no_question_is_asked_twice_or_as_somebody_trusted(
            own in any_origin(),
            allowed in prop::collection::vec(any_origin(), 0..4),
        ) {
            let mut seen = BTreeSet::new();
            for question in first(&own, &allowed).into_iter().chain(rest(&own, &allowed)) {
                let trusted = allowed.iter().chain([&own]).any(|o| o.to_string() == question.origin);
                prop_assert!(!trusted, "{}", question.origin);
                prop_assert!(seen.insert(question.origin.clone()), "{}", question.origin);
            }
        }

        #[test]
        fn what_is_called_usable_is_an_origin_that_a_browser_sends(
            own in any_origin(),
            allowed in prop::collection::vec(any_origin(), 0..4),
        ) {
            for question in first(&own, &allowed).into_iter().chain(rest(&own, &allowed)) {
                prop_assert!(http::HeaderValue::from_str(&question.origin).is_ok());
                if question.usable && question.class != Class::Null {
                    let parsed = question.origin.parse::<Origin>();
                    prop_assert_eq!(parsed.map(|o| o.to_string()), Ok(question.origin));
                }
            }
        }

        #[test]
        fn a_usable_lookalike_is_of_another_owner(own in any_origin(), front in any_origin()) {
            let allowed = [front];
            for question in first(&own, &allowed).into_iter().chain(rest(&own, &allowed)) {
                if question.usable && Class::LOOKALIKES.contains(&question.class) {
                    let lookalike: Origin = question.origin.parse().expect("an origin");
                    let domain = lookalike.registrable().map(str::to_owned);
                    prop_assert!(domain.is_some(), "{lookalike}");
                    let foreign = |base: &Origin| base.registrable() != domain.as_deref();
                    prop_assert!(foreign(&own) && foreign(&allowed[0]), "{lookalike}");
                }
            }
        }
    }
}
