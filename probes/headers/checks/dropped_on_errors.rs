//! An error page needs the same protection as any other.

use crate::{
    contract::{Check, Confidence, Dimension, Impact, Item, Rule, Settles},
    headers::{
        Headers,
        evidence::{Answer, Evidence, Role},
    },
    web::fields::{self, hsts},
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-dropped-on-errors",
        fault: "errors are answered without the headers that pages have",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "Error pages repeat what they were asked for, which is where scripts are injected. nginx's \
              `add_header` without `always` and middleware that runs behind the router leave exactly \
              these bare.",
        how: "Asks for a path that does not exist, for those the settings name as answered 400 and 401, and \
              for the target's URL without the credential, if there is one. Expected: what the target's page has of \
              `Strict-Transport-Security`, `X-Content-Type-Options`, and on HTML of \
              `Content-Security-Policy` and `X-Frame-Options`, errors have too, whatever the values.",
        fix: "Add `always` to nginx's `add_header`, and put the middleware that sets headers outermost, \
              before routing and authentication.",
        sources: &["OWASP ASVS 5.0 3.4.1 to 3.4.6", "nginx, ngx_http_headers_module"],
    },
    |_, seen| items(seen),
);

fn items(seen: &Evidence) -> Vec<Item> {
    const ERRORS: &[Role] = &[Role::NotFound, Role::BadRequest, Role::Unauthorized];
    let Some(page) = seen.of(&[Role::Page]).find(|page| page.status.is_success()) else {
        let unseen = seen.unseen.iter().map(|(subject, why)| Item::unknown(subject, why));
        let mut items: Vec<Item> = unseen.collect();
        if items.is_empty() {
            items.push(Item::skip("", "no page is answered 2xx, to compare with"));
        }
        return items;
    };
    let errors = seen.of(ERRORS).filter(|error| error.status.is_client_error());
    let items: Vec<Item> = errors.map(|error| item(seen, page, error)).collect();
    if items.is_empty() {
        return vec![Item::skip(
            "",
            "no error was met: unknown paths are answered like known ones",
        )];
    }
    items
}

fn item(seen: &Evidence, page: &Answer, error: &Answer) -> Item {
    let is_html = error.media_type().is_some_and(|media_type| fields::is_html(&media_type));
    let wanted = [
        (seen.secure, hsts::FIELD),
        (error.has_body(), "x-content-type-options"),
        (is_html, "content-security-policy"),
        (is_html && error.field("content-security-policy").is_none(), "x-frame-options"),
    ];
    let wanted = wanted.into_iter().filter(|(applies, _)| *applies).map(|(_, name)| name);
    let had: Vec<&str> = wanted.filter(|name| page.field(name).is_some()).collect();
    let status = error.status.as_u16();
    let lost: Vec<&str> = had.iter().copied().filter(|name| error.field(name).is_none()).collect();
    let subject = format!("{status} at {}", error.subject);
    let item = if lost.is_empty() {
        let words = if had.is_empty() { "nothing to lose".to_owned() } else { had.join(", ") };
        Item::pass(subject, words)
    } else {
        // What a server refuses to parse never reaches the application.
        let sure = if status == 400 { Confidence::Tentative } else { Confidence::Confirmed };
        Item::fail(sure, subject, format!("without {}", lost.join(", ")))
    };
    item.replay(&error.replay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::Outcome,
        headers::tests::{answer, evidence, outcomes},
    };

    const HSTS: (&str, &str) = ("strict-transport-security", "max-age=1");
    const CSP: (&str, &str) = ("content-security-policy", "default-src 'self'");
    const HTML: (&str, &str) = ("content-type", "text/html");

    fn against(status: u16, role: Role, headers: &[(&str, &str)]) -> Outcome {
        let mut error = answer(status, headers, "gone");
        error.role = role;
        outcomes(&RULE, &evidence(vec![answer(200, &[HTML, HSTS, CSP], "<p>"), error]))[0]
    }

    #[test]
    fn an_error_keeps_what_the_page_has() {
        assert_eq!(against(404, Role::NotFound, &[HTML, HSTS, CSP]), Outcome::Pass);
        let lost = Outcome::Fail(Confidence::Confirmed);
        assert_eq!(against(404, Role::NotFound, &[HTML, HSTS]), lost);
        assert_eq!(against(401, Role::Unauthorized, &[]), lost);
        let perhaps = Outcome::Fail(Confidence::Tentative);
        assert_eq!(against(400, Role::BadRequest, &[]), perhaps);
    }

    #[test]
    fn an_error_that_is_no_page_needs_no_policy() {
        let json = ("content-type", "application/json");
        assert_eq!(against(404, Role::NotFound, &[json, HSTS]), Outcome::Pass);
    }

    #[test]
    fn a_catch_all_has_no_errors() {
        assert_eq!(against(200, Role::NotFound, &[]), Outcome::Skip);
    }
}
