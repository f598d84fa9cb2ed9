//! Telling a challenge, which wants to know whether a person asks, from the application.

use http::HeaderMap;

/// The product whose challenge this certainly is.
pub(crate) fn certain(headers: &HeaderMap, body: &str) -> Option<&'static str> {
    let told = |mark: &&Header| {
        let values = headers.get_all(mark.name).iter().filter_map(|value| value.to_str().ok());
        values.into_iter().any(|value| {
            let value = value.trim().to_ascii_lowercase();
            mark.values.contains(&&*value)
        })
    };
    if let Some(mark) = HEADERS.iter().find(told) {
        return Some(mark.product);
    }
    let page = start(body);
    let mark = MARKS.iter().find(|mark| {
        let is_titled = mark.titles.iter().any(|title| has_title(&page, title));
        is_titled || mark.scripts.iter().any(|script| page.contains(script))
    });
    mark.map(|mark| mark.product)
}

/// The same where it only may be one: its title is about robots or waiting.
pub(super) fn doubtful(body: &str) -> Option<&'static str> {
    const TITLES: [&str; 8] = [
        "captcha",
        "are you a robot",
        "are you human",
        "verify you are human",
        "security check",
        "checking your browser",
        "one moment",
        "please wait",
    ];
    let page = start(body);
    TITLES.iter().any(|title| has_title(&page, title)).then_some("by its title")
}

fn has_title(page: &str, title: &str) -> bool {
    let after = page.split_once("<title").and_then(|(_, after)| after.split_once('>'));
    after.is_some_and(|(_, after)| after.split('<').next().unwrap_or_default().contains(title))
}

/// The beginning of a page in lower case: challenges are short, and say so at once.
fn start(body: &str) -> String {
    body.chars().take(LONGEST).collect::<String>().to_ascii_lowercase()
}

/// A header field that a product sets on its challenges and on nothing else.
struct Header {
    product: &'static str,
    name: &'static str,
    values: &'static [&'static str],
}

/// What stands in a product's challenges and in no page of an application: titles, and scripts that
/// replace the page. Scripts that products add to every page are none of these.
struct Mark {
    product: &'static str,
    titles: &'static [&'static str],
    scripts: &'static [&'static str],
}

const HEADERS: &[Header] = &[
    // Cloudflare documentation, "Detect a Challenge Page response".
    Header { product: "Cloudflare", name: "cf-mitigated", values: &["challenge"] },
    // AWS WAF developer guide, "How the CAPTCHA and Challenge actions work".
    Header { product: "AWS WAF", name: "x-amzn-waf-action", values: &["challenge", "captcha"] },
    // Vercel documentation, "Attack Challenge Mode" and "Vercel Firewall".
    Header { product: "Vercel", name: "x-vercel-mitigated", values: &["challenge"] },
];

const MARKS: &[Mark] = &[
    Mark {
        product: "Cloudflare",
        titles: &["just a moment", "attention required! | cloudflare"],
        scripts: &["window._cf_chl_opt", "/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/"],
    },
    // The page that loads the integration with `gokuProps` is the interstitial itself.
    Mark { product: "AWS WAF", titles: &[], scripts: &["window.gokuprops"] },
    Mark { product: "DataDome", titles: &[], scripts: &["geo.captcha-delivery.com"] },
    Mark { product: "HUMAN", titles: &[], scripts: &["id=\"px-captcha\""] },
    Mark { product: "DDoS-Guard", titles: &["ddos-guard"], scripts: &[] },
    Mark {
        product: "Imperva",
        titles: &[],
        scripts: &["request unsuccessful. incapsula incident id"],
    },
    Mark {
        product: "Anubis",
        titles: &["making sure you&#39;re not a bot", "making sure you're not a bot"],
        scripts: &["id=\"anubis_challenge\""],
    },
    Mark {
        product: "Sucuri",
        titles: &["you are being redirected..."],
        scripts: &["sucuri_cloudproxy_js"],
    },
    Mark { product: "SiteGround", titles: &[], scripts: &["/.well-known/sgcaptcha/"] },
];

const LONGEST: usize = 32 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(&'static str, &'static str)], body: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a value"));
        }
        certain(&headers, body)
    }

    #[test]
    fn well_known_challenges_are_known_by_their_marks() {
        for (lines, body, product) in [
            (&[("cf-mitigated", "challenge")][..], "", "Cloudflare"),
            (&[("x-amzn-waf-action", "captcha")], "", "AWS WAF"),
            (&[("x-vercel-mitigated", "challenge")], "", "Vercel"),
            (&[], "<!DOCTYPE html><html><head><TITLE>Just a moment...</TITLE>", "Cloudflare"),
            (&[], "<title lang=en>Attention Required! | Cloudflare</title>", "Cloudflare"),
            (&[], "<script>window._cf_chl_opt={cvId:'3'}</script>", "Cloudflare"),
            (&[], "<script>window.gokuProps = {}</script>", "AWS WAF"),
            (&[], "<script src=https://geo.captcha-delivery.com/c.js></script>", "DataDome"),
            (&[], "<title>Making sure you&#39;re not a bot!</title>", "Anubis"),
        ] {
            assert_eq!(told(lines, body), Some(product), "{body}");
        }
    }

    #[test]
    fn pages_of_applications_are_none() {
        for body in [
            "<title>Sign in</title><div class=\"g-recaptcha\"></div>",
            "<title>Shop</title><p>Just a moment, we are loading your cart",
            "<script src=/cdn-cgi/challenge-platform/scripts/jsd/main.js></script>",
            "{\"message\": \"Just a moment\"}",
            "",
        ] {
            assert_eq!(told(&[], body), None, "{body}");
        }
        assert_eq!(told(&[("cf-mitigated", "no")], ""), None);
    }

    #[test]
    fn a_title_about_robots_is_a_doubt() {
        assert!(doubtful("<title>Are you a robot?</title>").is_some());
        assert!(doubtful("<title>Robot vacuums</title>").is_none());
    }
}
