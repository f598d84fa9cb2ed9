//! Whether an answer is the application's, so that what it carries can be judged.

use http::{HeaderMap, StatusCode, header};

use crate::contract::{Obstacle, Obstructed, setting::StatusSet};

/// What to configure where an answer is not the application's.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Advice {
    /// The setting that names places to look at.
    pub(crate) places: &'static str,
    /// The setting that names a credential.
    pub(crate) credential: &'static str,
    /// Whether a credential was sent.
    pub(crate) signed_in: bool,
}

/// Whether an answer is the application's. Refusals, errors and challenges are not: they carry what
/// whoever made them put there.
pub(crate) fn of(
    status: StatusCode,
    headers: &HeaderMap,
    challenge: Option<&str>,
    accept: &StatusSet,
    advice: &Advice,
) -> Result<(), Obstructed> {
    let code = status.as_u16();
    // A status that only the settings can have named was meant to be judged.
    let is_named = accept.contains(status) && !status.is_success();
    if let Some(product) = challenge.filter(|_| !is_named) {
        let detail = format!(
            "answers {code} with a challenge ({product}) in place of the application; let gonogo's \
             address or user agent pass it"
        );
        return Err(Obstacle::Denied.because(detail));
    }
    if accept.contains(status) || status.is_redirection() {
        return Ok(());
    }
    let (places, credential) = (advice.places, advice.credential);
    let judged = format!("or in `accept` the status that is to be judged ({code})");
    Err(match code {
        401 | 403 | 407 if advice.signed_in => {
            Obstacle::Denied.because(format!("answers {code} to the credential of `{credential}`"))
        }
        401 | 403 | 407 | 451 => Obstacle::Denied.because(format!(
            "answers {code}, and what is behind that was not seen; name a credential by \
             `{credential}`, in `{places}` what needs none, {judged}"
        )),
        429 => Obstacle::Throttled.because("answers 429: it wants fewer requests"),
        503 if headers.contains_key(header::RETRY_AFTER) => {
            Obstacle::Throttled.because("answers 503 with `retry-after`")
        }
        500.. => Obstacle::ControlFailed.because(format!("answers {status}")),
        _ => Obstacle::ControlFailed.because(format!(
            "answers {code}, so nothing of the application was seen; name in `{places}` what answers \
             GET with 2xx, {judged}"
        )),
    })
}

/// Whether an answer says that the application is not here or not for us, so that it may be elsewhere.
/// One that wants fewer requests or is out of order says that it is here.
pub(crate) fn may_be_elsewhere(status: StatusCode) -> bool {
    let other = [408, 421, 425, 429, 451];
    status.is_client_error() && !other.contains(&status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVICE: Advice = Advice { places: "paths", credential: "headers", signed_in: false };

    fn told(code: u16, challenge: Option<&str>, accept: &StatusSet) -> Result<(), Obstacle> {
        let status = StatusCode::from_u16(code).expect("a status");
        of(status, &HeaderMap::new(), challenge, accept, &ADVICE).map_err(|why| why.obstacle)
    }

    #[test]
    fn refusals_errors_and_challenges_are_not_the_application() {
        let usual = StatusSet::success();
        for code in [200, 204, 301, 304] {
            assert_eq!(told(code, None, &usual), Ok(()), "{code}");
        }
        for (code, obstacle) in [
            (401, Obstacle::Denied),
            (403, Obstacle::Denied),
            (407, Obstacle::Denied),
            (429, Obstacle::Throttled),
            (404, Obstacle::ControlFailed),
            (405, Obstacle::ControlFailed),
            (500, Obstacle::ControlFailed),
            (503, Obstacle::ControlFailed),
        ] {
            assert_eq!(told(code, None, &usual), Err(obstacle), "{code}");
        }
        assert_eq!(told(200, Some("a challenge"), &usual), Err(Obstacle::Denied));
    }

    #[test]
    fn what_the_settings_name_is_judged() {
        let named: StatusSet =
            serde_json::from_value(serde_json::json!([200, 404, 403])).expect("statuses");
        assert_eq!(told(404, None, &named), Ok(()));
        assert_eq!(told(403, Some("a challenge"), &named), Ok(()));
        assert_eq!(told(200, Some("a challenge"), &named), Err(Obstacle::Denied));
        assert_eq!(told(401, None, &named), Err(Obstacle::Denied));
    }

    #[test]
    fn an_obstacle_names_the_setting() {
        let status = StatusCode::NOT_FOUND;
        let why = of(status, &HeaderMap::new(), None, &StatusSet::success(), &ADVICE);
        let why = why.expect_err("nothing").detail;
        assert!(why.contains("`paths`") && why.contains("`accept`"), "{why}");
    }

    #[test]
    fn only_what_says_so_may_be_elsewhere() {
        let elsewhere = |code| may_be_elsewhere(StatusCode::from_u16(code).expect("a status"));
        for code in [400, 401, 403, 404, 405, 406, 410] {
            assert!(elsewhere(code), "{code}");
        }
        for code in [200, 302, 429, 451, 500, 503] {
            assert!(!elsewhere(code), "{code}");
        }
    }
}
