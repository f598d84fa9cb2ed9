//! `Set-Cookie` as browsers read it (RFC 6265bis section 5.6). Values are not kept.

use std::time::{Duration, SystemTime};

/// What one `Set-Cookie` field asks a browser to keep, without the value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SetCookie {
    /// The name; empty where the field has none.
    pub(crate) name: String,
    /// `Domain`, in lower case without a leading dot; `None` if absent or empty.
    pub(crate) domain: Option<String>,
    /// `Path`; `None` if it is absent or no path, so that the default applies.
    pub(crate) path: Option<String>,
    /// `Secure`.
    pub(crate) secure: bool,
    /// `HttpOnly`.
    pub(crate) http_only: bool,
    /// `SameSite`; the last one counts.
    pub(crate) same_site: Option<SameSite>,
    /// Whether any `SameSite` has a value that no browser knows.
    pub(crate) same_site_invalid: bool,
    /// `Max-Age`, in seconds.
    pub(crate) max_age: Option<i64>,
    /// `Expires`.
    pub(crate) expires: Option<SystemTime>,
    /// Bytes of name and value.
    pub(crate) size: usize,
}

/// With which requests from other sites a cookie is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SameSite {
    /// With none.
    Strict,
    /// With those that lead the user here.
    Lax,
    /// With all.
    None,
    /// A value that no browser knows: as if there were no attribute.
    Unknown,
}

impl SetCookie {
    /// Reads a field's value; `None` where browsers ignore it altogether.
    pub(crate) fn parse(field: &[u8]) -> Option<Self> {
        let field = String::from_utf8_lossy(field);
        // A tab is the one control character that may stand there.
        if field.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return None;
        }
        let (pair, attributes) = field.split_once(';').unwrap_or((&field, ""));
        let (name, value) = match pair.split_once('=') {
            Some((name, value)) => (trim(name), trim(value)),
            None => ("", trim(pair)),
        };
        if name.is_empty() && value.is_empty() {
            return None;
        }
        let mut cookie = Self {
            name: name.to_owned(),
            domain: None,
            path: None,
            secure: false,
            http_only: false,
            same_site: None,
            same_site_invalid: false,
            max_age: None,
            expires: None,
            size: name.len() + value.len(),
        };
        for attribute in attributes.split(';') {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            cookie.attribute(&trim(name).to_ascii_lowercase(), trim(value));
        }
        Some(cookie)
    }

    fn attribute(&mut self, name: &str, value: &str) {
        if value.len() > LONGEST_ATTRIBUTE {
            return;
        }
        match name {
            "secure" => self.secure = true,
            "httponly" => self.http_only = true,
            "domain" => {
                let domain = value.strip_prefix('.').unwrap_or(value);
                self.domain = (!domain.is_empty()).then(|| domain.to_ascii_lowercase());
            }
            "path" => self.path = value.starts_with('/').then(|| value.to_owned()),
            "max-age" => self.max_age = max_age(value).or(self.max_age),
            "expires" => self.expires = date(value).or(self.expires),
            "samesite" => {
                let same_site = match value.to_ascii_lowercase().as_str() {
                    "strict" => SameSite::Strict,
                    "lax" => SameSite::Lax,
                    "none" => SameSite::None,
                    _ => SameSite::Unknown,
                };
                self.same_site_invalid |= same_site == SameSite::Unknown;
                self.same_site = Some(same_site);
            }
            _ => {}
        }
    }

    /// Whether it takes a cookie away instead of setting one. `Max-Age` outweighs `Expires`.
    pub(crate) fn is_deletion(&self, at: SystemTime) -> bool {
        match (self.max_age, self.expires) {
            (Some(max_age), _) => max_age <= 0,
            (None, Some(expires)) => expires <= at,
            (None, None) => false,
        }
    }

    /// Whether a browser at this host would keep it for its domain.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let Some(domain) = &self.domain else { return true };
        if domain == host {
            return true;
        }
        host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            && host.parse::<std::net::IpAddr>().is_err()
            && !is_public_suffix(domain)
    }

    /// Its attributes, for a person.
    pub(crate) fn in_words(&self) -> String {
        let mut words = Vec::new();
        let mut say = |word: String| words.push(word);
        if self.secure {
            say("Secure".to_owned());
        }
        if self.http_only {
            say("HttpOnly".to_owned());
        }
        match self.same_site {
            Some(SameSite::Strict) => say("SameSite=Strict".to_owned()),
            Some(SameSite::Lax) => say("SameSite=Lax".to_owned()),
            Some(SameSite::None) => say("SameSite=None".to_owned()),
            Some(SameSite::Unknown) => say("SameSite of no known value".to_owned()),
            None => {}
        }
        if let Some(domain) = &self.domain {
            say(format!("Domain={domain}"));
        }
        if let Some(path) = &self.path {
            say(format!("Path={path}"));
        }
        if words.is_empty() { "no attributes".to_owned() } else { words.join("; ") }
    }
}

/// Whether anybody may register names right below it.
fn is_public_suffix(domain: &str) -> bool {
    psl::suffix_str(domain) == Some(domain)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// RFC 6265bis section 5.6.2: an optional minus and digits, or nothing.
fn max_age(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Too many digits to count are as good as for ever.
    let seconds = digits.parse().unwrap_or(i64::MAX);
    Some(if value.starts_with('-') { -seconds } else { seconds })
}

/// RFC 6265bis section 5.1.1: a time, a day, a month and a year, in any order, between anything.
fn date(value: &str) -> Option<SystemTime> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~');
    for token in value.split(is_delimiter) {
        if time.is_none()
            && let Some(found) = clock(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2, 4)
        {
            year = Some(found);
        }
    }
    let (hour, minute, second) = time?;
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        year => year,
    };
    let (day, month) = (day?, month?);
    if !(1..=31).contains(&day) || year < 1601 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let since = days_since_1970(year, month, day) * 86_400 + seconds;
    // What lies before 1970 is as much in the past as 1970.
    let since = u64::try_from(since).unwrap_or(0);
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(since))
}

fn clock(token: &str) -> Option<(u32, u32, u32)> {
    let mut parts = token.splitn(3, ':');
    let mut part = || number(parts.next()?, 1, 2);
    Some((part()?, part()?, part()?))
}

/// A token that begins with `least` to `most` digits and goes on with something else, or not at all.
fn number(token: &str, least: usize, most: usize) -> Option<u32> {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    (least..=most).contains(&digits).then(|| token[..digits].parse().ok())?
}

fn month_of(token: &str) -> Option<u32> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = token.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == name)?;
    u32::try_from(index + 1).ok()
}

/// Days of the proleptic Gregorian calendar, counted from March so that leap days come last.
fn days_since_1970(year: u32, month: u32, day: u32) -> i64 {
    let shifted = i64::from(year) - i64::from(month <= 2);
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// RFC 6265bis section 5.6: longer attributes are ignored.
const LONGEST_ATTRIBUTE: usize = 1024;

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(field: &str) -> SetCookie {
        SetCookie::parse(field.as_bytes()).expect(field)
    }

    #[test]
    fn names_of_attributes_have_no_case_and_white_space_is_no_part_of_them() {
        let cookie = parse(
            " sid = a=b ;\tSECURE; httponly ;SameSite = lax; pAtH = /x; Domain=.Shop.Example",
        );
        assert_eq!(cookie.name, "sid");
        assert!(cookie.secure && cookie.http_only);
        assert_eq!(cookie.same_site, Some(SameSite::Lax));
        assert_eq!(cookie.path.as_deref(), Some("/x"));
        assert_eq!(cookie.domain.as_deref(), Some("shop.example"));
    }

    #[test]
    fn an_attribute_with_a_value_that_needs_none_is_still_there() {
        assert!(parse("a=b; Secure=false").secure);
        assert!(parse("a=b; HttpOnly=0").http_only);
        assert!(!parse("a=Secure").secure);
    }

    #[test]
    fn what_browsers_ignore_is_ignored() {
        assert_eq!(SetCookie::parse(b""), None);
        assert_eq!(SetCookie::parse(b" = ; Secure"), None);
        assert_eq!(SetCookie::parse(b"a=b\x01; Secure"), None);
        assert_eq!(parse("novalue").name, "");
        assert_eq!(parse("a=b; Path=x").path, None);
        assert_eq!(parse("a=b; Domain=").domain, None);
    }

    #[test]
    fn the_last_same_site_counts_and_an_invalid_one_is_remembered() {
        let cookie = parse("a=b; SameSite=Maybe; SameSite=Strict");
        assert_eq!(cookie.same_site, Some(SameSite::Strict));
        assert!(cookie.same_site_invalid);
        assert!(parse("a=b; SameSite=").same_site_invalid);
        assert!(!parse("a=b").same_site_invalid);
    }

    #[test]
    fn dates_are_read_in_all_their_forms() {
        let at = |text: &str| {
            let since = date(text)?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Some(since.as_secs())
        };
        for text in [
            "Wed, 09 Jun 2021 10:18:14 GMT",
            "Wednesday, 09-Jun-21 10:18:14 GMT",
            "Wed, 09-Jun-2021 10:18:14 GMT",
            "Wed Jun  9 10:18:14 2021",
        ] {
            assert_eq!(at(text), Some(1_623_233_894), "{text}");
        }
        assert_eq!(at("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(at("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(at("Mon, 01 Jan 1601 00:00:00 GMT"), Some(0));
        for no_date in ["0", "", "yesterday", "Wed, 40 Jun 2021 10:18:14 GMT"] {
            assert_eq!(at(no_date), None, "{no_date}");
        }
    }

    #[test]
    fn a_deletion_is_past_its_age_or_its_date() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let deletes = |attributes: &str| parse(&format!("sid=; {attributes}")).is_deletion(at);
        assert!(deletes("Max-Age=0"));
        assert!(deletes("Max-Age=-1"));
        assert!(deletes("Expires=Thu, 01-Jan-1970 00:00:01 GMT"));
        assert!(!deletes("Max-Age=60; Expires=Thu, 01-Jan-1970 00:00:01 GMT"));
        assert!(!deletes("Expires=0"));
        assert!(!deletes("Max-Age=soon"));
        assert!(!deletes("Path=/"));
    }

    #[test]
    fn a_browser_keeps_cookies_for_the_host_and_what_is_above_it() {
        let kept = |domain: &str, host: &str| parse(&format!("a=b; Domain={domain}")).is_for(host);
        assert!(kept("shop.example", "shop.example"));
        assert!(kept(".shop.example", "www.shop.example"));
        assert!(!kept("other.example", "shop.example"));
        assert!(!kept("op.example", "shop.example"));
        assert!(!kept("co.uk", "shop.co.uk"));
        assert!(!kept("0.0.1", "127.0.0.1"));
    }

    const ATTRIBUTES: [(&str, &str); 6] = [
        ("Secure", ""),
        ("HttpOnly", ""),
        ("SameSite", "=Lax"),
        ("Path", "=/Cart"),
        ("Domain", "=shop.example"),
        ("Max-Age", "=60"),
    ];

    proptest! {
        #[test]
        fn neither_case_nor_white_space_nor_order_changes_what_attributes_say(
            chosen in proptest::sample::subsequence(ATTRIBUTES.to_vec(), 0..=6).prop_shuffle(),
            gap in "[ \t]{0,3}",
            upper in any::<bool>(),
        ) {
            let written = |all: &[(&str, &str)]| -> String {
                let all = all.iter().map(|(name, value)| format!("; {name}{value}"));
                all.collect::<Vec<_>>().concat()
            };
            let told_oddly = |(name, value): &(&str, &str)| {
                let name = if upper { name.to_uppercase() } else { name.to_lowercase() };
                let value = value.replace('=', &format!("={gap}"));
                format!("{gap};{gap}{name}{gap}{value}")
            };
            let ordered: Vec<_> =
                ATTRIBUTES.into_iter().filter(|one| chosen.contains(one)).collect();
            let plain = format!("sid=x{}", written(&ordered));
            let odd = chosen.iter().map(told_oddly).collect::<Vec<_>>().concat();
            let odd = format!("{gap}sid{gap}={gap}x{odd}");
            prop_assert_eq!(parse(&plain), parse(&odd));
        }

        #[test]
        fn no_field_makes_the_parser_panic(field in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = SetCookie::parse(&field);
        }

        #[test]
        fn no_date_makes_the_parser_panic(
            text in "[0-9A-Za-zéñ:,; -]{0,60}",
            day in 0_u32..99, year in 0_u32..9999,
        ) {
            let _ = date(&text);
            let _ = date(&format!("{day}-Feb-{year} 23:59:59"));
        }
    }
}
