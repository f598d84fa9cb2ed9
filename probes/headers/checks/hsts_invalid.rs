//! A field that browsers cannot read is as good as none.

use crate::{
    contract::{Check, Dimension, Impact, Rule, Settles},
    headers::{Headers, evidence::Role},
    web::fields::{self, hsts},
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-hsts-invalid",
        fault: "browsers cannot read the order to stay with TLS",
        impact: Impact::Medium,
        dimension: Dimension::Transport,
        settles: Settles::AtOnce,
        why: "Browsers ignore the whole field without a word. The site looks protected to those who run \
              it, and is not.",
        how: "Reads `Strict-Transport-Security` of the target's pages and redirects by the grammar of the \
              RFC, quoted values and any case included. Expected: one line, each directive once, and a \
              max-age that is a number. Several lines of the same are shown; of different ones, browsers \
              take the first.",
        fix: "Send one line such as `max-age=31536000; includeSubDomains`. Two lines come from two \
              places, often the application and its proxy: switch one of them off.",
        sources: &["RFC 6797 sections 6.1 and 8.1"],
    },
    |_, seen| {
        if let Some(items) = seen.without_hsts() {
            return items;
        }
        seen.judge(&[Role::Page, Role::Redirect], "no Strict-Transport-Security", |answer| {
            let lines = fields::lines(&answer.headers, hsts::FIELD);
            let parsed = hsts::of(&answer.headers)?;
            Some(match parsed {
                Err(why) => answer.fail(format!("{why}: {}", lines.join(" | "))),
                Ok(_) if lines.iter().any(|line| *line != lines[0]) => {
                    answer.fail(format!("sent more than once: {}", lines.join(" | ")))
                }
                Ok(_) if lines.len() > 1 => {
                    answer.doubt(format!("sent {} times, always the same", lines.len()))
                }
                Ok(_) => answer.pass(lines.join("")),
            })
        })
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{answer, evidence, outcomes},
    };

    const YEAR: (&str, &str) = ("strict-transport-security", "max-age=31536000");

    #[test]
    fn one_readable_line_is_expected() {
        let of =
            |lines: &[(&str, &str)]| outcomes(&RULE, &evidence(vec![answer(200, lines, "")]))[0];
        assert_eq!(of(&[YEAR]), Outcome::Pass);
        assert_eq!(of(&[]), Outcome::Skip);
        assert_eq!(of(&[YEAR, YEAR]), Outcome::Fail(Confidence::Tentative));
        let other = ("strict-transport-security", "max-age=0");
        assert_eq!(of(&[YEAR, other]), Outcome::Fail(Confidence::Firm));
        let nonsense = ("strict-transport-security", "includeSubDomains; preload");
        assert_eq!(of(&[nonsense]), Outcome::Fail(Confidence::Firm));
    }
}
