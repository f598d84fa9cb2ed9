//! What a page may do with a device, and what it lets others do.

use sfv::{BareItem, InnerList, Item as Member, ListEntry};

use crate::{
    contract::{Check, Dimension, Impact, Item, Rule, Settles},
    headers::{Headers, evidence::Answer},
    web::fields,
};

pub(super) const RULE: Rule<Headers> = Rule::<Headers>::new(
    Check {
        id: "headers-permissions-unrestricted",
        fault: "any embedded site may ask for the user's devices in the page's name",
        impact: Impact::Low,
        dimension: Dimension::Security,
        settles: Settles::AtOnce,
        why: "An advertisement in a frame asks for the camera, and the user sees the name of the site \
              around it.",
        how: "Reads `Permissions-Policy` of each page in HTML. Expected: no `*` for the camera, the \
              microphone, the location, payment, the screen, or a device on USB, serial, Bluetooth or \
              MIDI; and a field that browsers can read. Without the field browsers keep these to the site \
              itself, which is sound.",
        fix: "Name who needs it: `camera=(self \"https://meet.example\")`, or `camera=()` for nobody. In \
              this field origins stand in quotes, and lists in parentheses.",
        sources: &["Permissions Policy, sections 5.2 and 9.1", "RFC 9651"],
    },
    |_, seen| seen.judge_pages(|answer, _| Some(item(answer))),
);

fn item(answer: &Answer) -> Item {
    let Some(value) = answer.field("permissions-policy") else {
        return answer.pass("nothing is said, and browsers keep devices to the site itself");
    };
    let Some(policy) = fields::dictionary(&value) else {
        return answer.fail(format!("browsers cannot read it, and ignore all of it: {value}"));
    };
    let open: Vec<&str> = POWERFUL
        .into_iter()
        .filter(|feature| policy.get(*feature).is_some_and(is_for_everybody))
        .collect();
    if open.is_empty() {
        answer.pass("no device is given to everybody")
    } else {
        answer.fail(format!("given to everybody: {}", open.join(", ")))
    }
}

fn is_for_everybody(members: &ListEntry) -> bool {
    match members {
        ListEntry::Item(member) => is_star(member),
        ListEntry::InnerList(InnerList { items, .. }) => items.iter().any(is_star),
    }
}

fn is_star(member: &Member) -> bool {
    matches!(&member.bare_item, BareItem::Token(token) if token.as_str() == "*")
}

const POWERFUL: [&str; 10] = [
    "bluetooth",
    "camera",
    "display-capture",
    "geolocation",
    "hid",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::{Confidence, Outcome},
        headers::tests::{evidence, outcomes, page},
    };

    #[test]
    fn only_everybody_is_too_many() {
        let of = |value| {
            outcomes(&RULE, &evidence(vec![page(&[("permissions-policy", value)], "<p>")]))[0]
        };
        let fail = Outcome::Fail(Confidence::Firm);
        for sound in
            ["camera=(), geolocation=(self \"https://a.example\")", "fullscreen=*, camera=self"]
        {
            assert_eq!(of(sound), Outcome::Pass, "{sound}");
        }
        for open in ["camera=*", "geolocation=(self *)", "usb=*;report-to=x"] {
            assert_eq!(of(open), fail, "{open}");
        }
        assert_eq!(of("camera 'none'; microphone 'none'"), fail);
        assert_eq!(outcomes(&RULE, &evidence(vec![page(&[], "<p>")])), [Outcome::Pass]);
    }
}
