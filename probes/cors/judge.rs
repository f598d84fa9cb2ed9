//! What a granted origin gives away, judged alike for every class of origin.

use std::fmt::Write;

use super::{
    answer::Reach,
    evidence::{Asked, Endpoint, Evidence, is_denial},
    question::{Class, needs_domain},
    settings::Credentials,
};
use crate::contract::{Confidence, Item, Outcome};

/// Judges the answers to origins of these classes: what they may read with the user's credentials, and
/// where `anonymous` counts, without. What every origin may read is no fault of theirs.
pub(super) fn items(seen: &Evidence, classes: &[Class], anonymous: bool) -> Vec<Item> {
    let of = |endpoint| of_endpoint(endpoint, classes, anonymous);
    seen.endpoints.iter().flat_map(of).collect()
}

fn of_endpoint(endpoint: &Endpoint, classes: &[Class], anonymous: bool) -> Vec<Item> {
    let blanket = if classes == [Class::Any] { Reach::Nothing } else { endpoint.blanket() };
    let least = if anonymous { Reach::Anonymous } else { Reach::Credentialed };
    let is_fault = |asked: &&Asked| {
        let exposed = exposed(endpoint, asked);
        exposed >= least && exposed > blanket
    };
    let mut items = Vec::new();
    for class in classes {
        let of_class = endpoint.asked.iter().filter(|asked| asked.question.class == *class);
        let granted: Vec<&Asked> = of_class.filter(is_fault).collect();
        items.extend(fail(endpoint, *class, &granted, Reach::Credentialed));
    }
    if items.is_empty() {
        items.extend(classes.iter().filter_map(|class| granted_at_missing(endpoint, *class)));
    }
    if !items.is_empty() {
        return items;
    }
    let subject = &endpoint.subject;
    if blanket == Reach::Credentialed {
        let judged = "every origin may read it, as cors-any-origin-with-credentials says";
        return vec![Item::skip(subject, judged)];
    }
    if blanket == Reach::Anonymous && anonymous && endpoint.says_something_to_anybody() {
        let judged = "every origin may read it without credentials, as cors-any-origin says";
        return vec![Item::skip(subject, judged)];
    }
    let asked: Vec<&Asked> =
        endpoint.asked.iter().filter(|asked| classes.contains(&asked.question.class)).collect();
    let mut item = refused(endpoint, classes, &asked);
    if item.outcome == Outcome::Pass && !anonymous && endpoint.credentials == Credentials::Unknown {
        item.seen += "; what signed-in users get was not asked (`credentials`)";
    }
    vec![item]
}

/// The item for a class whose origins are granted something only where there is nothing to read.
fn granted_at_missing(endpoint: &Endpoint, class: Class) -> Option<Item> {
    let missing = endpoint.in_place_of.as_ref()?;
    let granted = |asked: &&Asked| asked.reach_at_missing() == Reach::Credentialed;
    let mut granted = endpoint.asked.iter().filter(granted).peekable();
    // What every origin is granted is no fault of one.
    if class != Class::Any && granted.peek().is_some_and(|one| one.question.class == Class::Any) {
        return None;
    }
    let asked = granted.find(|one| one.question.class == class && one.reach() == Reach::Nothing)?;
    let answer = asked.at_missing.as_ref()?.as_ref().ok()?;
    let words = format!(
        "a request from {} is answered {}, with the user's credentials, and not at {} (an answer \
         with something to read that grants it was not seen)",
        asked.question.origin,
        answer.in_words(),
        endpoint.subject
    );
    let subject = format!("{} for {}", missing.subject, class.in_words());
    Some(Item::fail(Confidence::Tentative, subject, words).replay(&answer.replay))
}

/// The answer where no origin of a class was granted anything: a pass only if that means something.
pub(super) fn refused(endpoint: &Endpoint, classes: &[Class], asked: &[&Asked]) -> Item {
    let subject = &endpoint.subject;
    if let Err(obstructed) = endpoint.standing() {
        return Item::unknown(subject, &obstructed);
    }
    let Some(example) = asked.first() else {
        if let Some(alike) = &endpoint.alike {
            return Item::skip(subject, format!("answers as {alike} does, where it was asked"));
        }
        return Item::skip(subject, nothing_to_ask(classes));
    };
    let obstructed: Vec<_> = asked.iter().filter_map(|asked| asked.obstructed()).collect();
    if let Some(first) = obstructed.first() {
        let missing = format!("{} of {} origins: {first}", obstructed.len(), asked.len());
        return Item::unknown(subject, &first.obstacle.because(missing));
    }
    if let Err(obstructed) = endpoint.refusals_count() {
        return Item::unknown(subject, &obstructed);
    }
    let one = &example.question.origin;
    let mut words = match asked.len() {
        1 => format!("{one} may not read it"),
        count => format!("none of {count} origins, such as {one}, may read it"),
    };
    if let Some(missing) = &endpoint.in_place_of {
        let _ = write!(words, "; asked in place of {missing}");
    }
    Item::pass(subject, words)
}

/// What an origin may read that is not meant for it.
pub(super) fn exposed(endpoint: &Endpoint, asked: &Asked) -> Reach {
    match asked.reach() {
        Reach::Credentialed => Reach::Credentialed,
        // Leave to send what anybody can send without a browser gives nothing away.
        Reach::Anonymous if asked.actual_reach() == Reach::Anonymous => {
            let matters = endpoint.says_something_to_anybody();
            if matters { Reach::Anonymous } else { Reach::Nothing }
        }
        _ => Reach::Nothing,
    }
}

/// The item for these origins of a class, told by the one that is surest; `None` if there are none.
/// What they may read beyond `most` is judged elsewhere.
pub(super) fn fail(
    endpoint: &Endpoint,
    class: Class,
    granted: &[&Asked],
    most: Reach,
) -> Option<Item> {
    // The first of the surest: the list begins with the most telling.
    let surest = |asked: &&&Asked| (confidence(endpoint, asked, most).0, asked.reach());
    let asked = granted.iter().rev().max_by_key(surest)?;
    let (confidence, doubt) = confidence(endpoint, asked, most);
    let (answer, by_preflight) = asked.telling(most)?;
    let origin = &asked.question.origin;
    let request = if by_preflight { "a preflight from" } else { "a request from" };
    let credentials = match asked.reach().min(most) {
        Reach::Credentialed => "with the user's credentials",
        _ => "without credentials",
    };
    let may = if by_preflight { "it may send any request" } else { "its pages may read it" };
    let mut words =
        format!("{request} {origin} is answered {}: {may} {credentials}", answer.in_words());
    if let more @ 1.. = granted.len() - 1 {
        let _ = write!(words, "; so are {more} more, such as {}", other(granted, origin));
    }
    if let Some(doubt) = doubt {
        let _ = write!(words, " ({doubt})");
    }
    let subject = format!("{} for {}", endpoint.subject, class.in_words());
    Some(Item::fail(confidence, subject, words).replay(&answer.replay))
}

fn other<'a>(granted: &[&'a Asked], origin: &str) -> &'a str {
    let mut others = granted.iter().map(|asked| asked.question.origin.as_str());
    others.find(|other| *other != origin).unwrap_or_default()
}

/// How sure it is that the grant hurts somebody, and why it is not surer.
fn confidence(
    endpoint: &Endpoint,
    asked: &Asked,
    most: Reach,
) -> (Confidence, Option<&'static str>) {
    let tentative = |reason| (Confidence::Tentative, Some(reason));
    let is_success = |reply: &super::evidence::Reply| {
        reply.as_ref().is_ok_and(|answer| answer.status.is_success())
    };
    if !asked.question.usable {
        return tentative("no browser sends this origin as it is, or nobody can register it");
    }
    // Leave that a preflight gives is leave to send requests to whatever is behind a sign-in.
    let gives_leave = asked.preflight_reach() >= asked.reach().min(most)
        && (is_success(&endpoint.control) || endpoint.anonymous_status().is_some_and(is_denial));
    if !gives_leave && !is_success(&asked.actual) {
        return tentative("the answer with something to read was not seen");
    }
    if asked.reach().min(most) < Reach::Credentialed {
        return match endpoint.in_place_of {
            Some(_) => tentative("what pages call was not seen; name it in `endpoints`"),
            None => (Confidence::Firm, None),
        };
    }
    match endpoint.credentials {
        _ if endpoint.public => tentative("the endpoint is declared public"),
        Credentials::Explicit => {
            tentative("browsers do not add the configured credentials by themselves")
        }
        // It matters who asks: one answer without credentials, another with.
        Credentials::Ambient
            if is_success(&endpoint.control)
                && endpoint.anonymous_status().is_some_and(is_denial) =>
        {
            (Confidence::Confirmed, None)
        }
        _ => (Confidence::Firm, None),
    }
}

fn nothing_to_ask(classes: &[Class]) -> &'static str {
    if classes.iter().all(|class| needs_domain(*class)) {
        return "neither the target nor an allowed origin has a registrable domain, or the settings \
                allow what could be asked";
    }
    if classes == [Class::Insecure] {
        return "the target itself is served by plain HTTP";
    }
    "there is no such origin that is not allowed"
}

#[cfg(test)]
mod tests {
    use super::{
        super::answer::{Answer, answer},
        *,
    };
    use crate::{
        contract::Obstacle,
        cors::tests::sample::{FRONT, asked, endpoint, evidence, granted},
    };

    const STRANGE: &str = "https://stranger.example";

    fn grants(origin: &str, credentials: bool) -> Answer {
        let credentials = if credentials { "true" } else { "false" };
        answer(
            200,
            &[
                ("access-control-allow-origin", origin),
                ("access-control-allow-credentials", credentials),
            ],
        )
    }

    /// What a class of origins comes to where a stranger and one of the class are answered so.
    fn outcome(class: Class, anonymous: bool, stranger: Answer, reply: Answer) -> Outcome {
        outcome_at(endpoint(&[granted(FRONT)]), class, anonymous, stranger, reply)
    }

    fn outcome_at(
        mut endpoint: Endpoint,
        class: Class,
        anonymous: bool,
        stranger: Answer,
        reply: Answer,
    ) -> Outcome {
        endpoint.asked =
            vec![asked(Class::Any, STRANGE, stranger), asked(class, "https://x.example", reply)];
        items(&evidence(endpoint), &[class], anonymous)[0].outcome
    }

    const FIRM: Outcome = Outcome::Fail(Confidence::Firm);

    #[test]
    fn what_every_origin_may_read_is_no_fault_of_one() {
        let own = || grants("https://x.example", true);
        let refused = || answer(200, &[]);
        assert_eq!(outcome(Class::Prefix, false, refused(), own()), FIRM);
        assert_eq!(outcome(Class::Prefix, false, grants(STRANGE, true), own()), Outcome::Skip);
        assert_eq!(outcome(Class::Prefix, false, grants(STRANGE, false), own()), FIRM);
        let without = || grants("https://x.example", false);
        assert_eq!(outcome(Class::Port, true, grants(STRANGE, false), without()), Outcome::Skip);
        assert_eq!(outcome(Class::Port, true, refused(), without()), FIRM);
        assert_eq!(outcome(Class::Prefix, false, refused(), without()), Outcome::Pass);
    }

    #[test]
    fn a_policy_for_one_origin_is_no_policy_for_another() {
        let constant = || grants(FRONT, true);
        for class in [Class::Any, Class::Null, Class::Prefix, Class::Subdomain] {
            assert_eq!(outcome(class, true, constant(), constant()), Outcome::Pass, "{class:?}");
        }
    }

    #[test]
    fn a_refusal_proves_something_only_beside_a_grant() {
        let refused = || answer(200, &[]);
        let locked_out = || endpoint(&[(FRONT, answer(200, &[]))]);
        let told = outcome_at(locked_out(), Class::Null, false, refused(), refused());
        assert_eq!(told, Outcome::Unknown(Obstacle::ControlFailed));
        let told = outcome_at(endpoint(&[]), Class::Null, false, refused(), refused());
        assert_eq!(told, Outcome::Pass, "no policy is declared");
        let mut failing = endpoint(&[]);
        failing.control = Ok(answer(503, &[]));
        let told = outcome_at(failing, Class::Null, false, refused(), refused());
        assert_eq!(told, Outcome::Unknown(Obstacle::ControlFailed));
    }

    #[test]
    fn how_sure_a_fault_is_depends_on_what_was_seen() {
        let told = |change: fn(&mut Endpoint), status: u16| {
            let mut endpoint = endpoint(&[]);
            change(&mut endpoint);
            let mut reply = grants("https://x.example", true);
            reply.status = http::StatusCode::from_u16(status).expect("a status");
            outcome_at(endpoint, Class::Null, false, answer(200, &[]), reply)
        };
        let tentative = Outcome::Fail(Confidence::Tentative);
        assert_eq!(told(|_| {}, 200), FIRM);
        assert_eq!(told(|_| {}, 401), tentative);
        assert_eq!(told(|endpoint| endpoint.public = true, 200), tentative);
        assert_eq!(told(|endpoint| endpoint.credentials = Credentials::Explicit, 200), tentative);
        let signed_in = |endpoint: &mut Endpoint| {
            endpoint.credentials = Credentials::Ambient;
            endpoint.anonymous = Some(Ok(answer(401, &[])));
        };
        assert_eq!(told(signed_in, 200), Outcome::Fail(Confidence::Confirmed));
    }

    #[test]
    fn a_question_without_an_answer_is_not_passed() {
        let mut endpoint = endpoint(&[granted(FRONT)]);
        let mut one = asked(Class::Null, "null", answer(200, &[]));
        one.preflight = Some(Err(Obstacle::Timeout.because("no answer")));
        endpoint.asked = vec![one];
        let item = &items(&evidence(endpoint), &[Class::Null], false)[0];
        assert_eq!(item.outcome, Outcome::Unknown(Obstacle::Timeout));
        assert!(item.seen.contains("1 of 1 origins"), "{}", item.seen);
    }

    #[test]
    fn leave_by_preflight_alone_is_leave_to_send() {
        let mut endpoint = endpoint(&[]);
        let mut one = asked(Class::Any, STRANGE, answer(200, &[]));
        one.preflight = Some(Ok(grants(STRANGE, true)));
        endpoint.asked = vec![one];
        let item = &items(&evidence(endpoint), &[Class::Any], false)[0];
        assert_eq!(item.outcome, FIRM);
        assert!(item.seen.contains("a preflight from"), "{}", item.seen);
    }
}
