//! What a cookie is for, by its name: first the names that software is known to use, then whole words of
//! the name. A word within a word says nothing: `residence` has no `sid`.

use crate::contract::Confidence;

/// What a cookie of some name is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// It stands for a user.
    Session(Confidence),
    /// It guards against forged requests.
    Guard,
    /// It is for something else: a balancer, statistics, taste, the steps of a login.
    Known,
    /// Nothing is known of it.
    Unknown,
}

/// What a cookie of this name is for.
pub(super) fn kind_of(name: &str) -> Kind {
    let plain = without_marks(name);
    if let Some(kind) = listed(plain) {
        return kind;
    }
    by_words(&tokens(plain))
}

/// Whether a balancer or an edge set it, and the application has no say in it.
pub(super) fn is_of_the_way(name: &str) -> bool {
    !matches_any(without_marks(name), SESSIONS) && matches_any(without_marks(name), WAY)
}

fn listed(name: &str) -> Option<Kind> {
    if matches_any(name, SESSIONS) {
        return Some(Kind::Session(Confidence::Firm));
    }
    if matches_any(name, READ_BY_DESIGN) {
        return Some(Kind::Session(Confidence::Tentative));
    }
    if matches_any(name, GUARDS) {
        return Some(Kind::Guard);
    }
    [WAY, STATISTICS, TASTE, FLOWS]
        .into_iter()
        .any(|list| matches_any(name, list))
        .then_some(Kind::Known)
}

fn by_words(words: &[String]) -> Kind {
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    if has(&["csrf", "xsrf", "csrftoken", "xsrftoken", "antiforgery"]) {
        return Kind::Guard;
    }
    if has(&["state", "nonce", "pkce", "verifier", "correlation", "callback"]) {
        return Kind::Known;
    }
    // `session_theme` is a theme, and `login_hint` a hint.
    if words.len() > 1 && words.last().is_some_and(|last| ABOUT.contains(&last.as_str())) {
        return Kind::Known;
    }
    // `show_login_banner` is a matter of what is shown.
    if words.len() > 1 && words.first().is_some_and(|first| ASKS.contains(&first.as_str())) {
        return Kind::Known;
    }
    if has(STANDS_FOR_A_USER) || has_token_of_access(words) {
        return Kind::Session(Confidence::Firm);
    }
    if has(MAY_STAND_FOR_A_USER) {
        return Kind::Session(Confidence::Tentative);
    }
    if words.iter().any(|word| is_drupal(word)) {
        return Kind::Session(Confidence::Firm);
    }
    let glued = |end: &str| {
        words.iter().any(|word| {
            word.len() > end.len() && word.ends_with(end) && !NOT_GLUED.contains(&word.as_str())
        })
    };
    if glued("sessid") || glued("sessionid") {
        return Kind::Session(Confidence::Firm);
    }
    if glued("session") {
        return Kind::Session(Confidence::Tentative);
    }
    Kind::Unknown
}

/// `SESS` or `SSESS` and a digest of the site's name.
fn is_drupal(word: &str) -> bool {
    let digest = word.strip_prefix("ssess").or_else(|| word.strip_prefix("sess"));
    digest.is_some_and(|digest| digest.len() >= 32 && digest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// `access_token`, `refreshToken`, `id-token`, `api_token`.
fn has_token_of_access(words: &[String]) -> bool {
    words.windows(2).any(|pair| {
        ["access", "api", "id", "refresh", "user"].contains(&pair[0].as_str()) && pair[1] == "token"
    }) || words
        .iter()
        .any(|word| ["accesstoken", "refreshtoken", "idtoken"].contains(&word.as_str()))
}

/// The name without prefixes that browsers know and the number of its part.
fn without_marks(name: &str) -> &str {
    let prefixes = ["__Host-Http-", "__Host-", "__Secure-", "__Http-"];
    let plain = prefixes.iter().find_map(|prefix| {
        let head = name.get(..prefix.len())?;
        head.eq_ignore_ascii_case(prefix).then(|| &name[prefix.len()..])
    });
    let name = plain.unwrap_or(name);
    let end = name.trim_end_matches(|c: char| c.is_ascii_digit());
    match end.strip_suffix(['.', '_', '-']) {
        Some(whole) if end.len() < name.len() && !whole.is_empty() => whole,
        _ => name,
    }
}

/// The words of a name, in lower case, divided at signs and where capitals begin.
fn tokens(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a name is one of these; `*` stands for any text at the end, or at the beginning.
fn matches_any(name: &str, list: &[&str]) -> bool {
    list.iter().any(|known| match (known.strip_prefix('*'), known.strip_suffix('*')) {
        (Some(end), _) => {
            name.len() > end.len() && name.to_ascii_lowercase().ends_with(&end.to_ascii_lowercase())
        }
        (_, Some(start)) => {
            name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
        }
        _ => name.eq_ignore_ascii_case(known),
    })
}

/// Words that end in `session` and are about none.
const NOT_GLUED: &[&str] = &["obsession", "possession"];

/// Words that say that a cookie stands for a user.
const STANDS_FOR_A_USER: &[&str] = &[
    "auth",
    "bearer",
    "jwt",
    "login",
    "remember",
    "saml",
    "sess",
    "sessid",
    "session",
    "sessionid",
    "sid",
    "sso",
];

/// Words that may say so, and may say something else.
const MAY_STAND_FOR_A_USER: &[&str] = &["credential", "credentials", "identity", "ticket", "token"];

/// Last words of names that tell a fact, and are none themselves.
const ABOUT: &[&str] = &[
    "banner",
    "checked",
    "color",
    "consent",
    "count",
    "currency",
    "error",
    "expires",
    "expiry",
    "hash",
    "hint",
    "id_hint",
    "lang",
    "language",
    "layout",
    "locale",
    "message",
    "method",
    "mode",
    "notice",
    "popup",
    "preference",
    "preferences",
    "provider",
    "redirect",
    "seen",
    "settings",
    "shown",
    "state",
    "tab",
    "theme",
    "timeout",
    "timezone",
    "tz",
    "url",
    "version",
    "visited",
];

/// First words of names that tell what is shown.
const ASKS: &[&str] = &["hide", "hidden", "last", "seen", "show", "skip"];

/// Cookies of sessions and logins, by the documentation or the source of what sets them: PHP, Java
/// servlets, Spring, ASP and ASP.NET, Express, Koa, Fastify, Django, Flask, Rails, Phoenix, Laravel,
/// CodeIgniter, CakePHP, Play, Yii, Symfony, Mojolicious, Auth.js, Better Auth, Keycloak, Ory Kratos,
/// Authelia, authentik, oauth2-proxy, Vouch, AWS load balancers, Cloudflare Access, AD FS, WebSphere,
/// Citrix, WordPress, Drupal, MediaWiki, Moodle, TYPO3, Grafana, GitLab, Gitea, Mattermost, Argo CD,
/// Metabase, Discourse, ColdFusion, Joomla, Magento, Shopify.
const SESSIONS: &[&str] = &[
    "PHPSESSID",
    "JSESSIONID*",
    "SESSION",
    "remember-me",
    "ASP.NET_SessionId",
    ".AspNetCore.Session",
    ".AspNetCore.Cookies*",
    ".AspNetCore.Identity.*",
    ".AspNet.ApplicationCookie",
    ".AspNet.Cookies",
    ".ASPXAUTH",
    "ASPSESSIONID*",
    "connect.sid",
    "koa.sess",
    "koa:sess",
    "express:sess",
    "sessionid",
    "remember_token",
    "remember_user_token",
    "remember_web_*",
    "laravel_session",
    "ci_session",
    "CAKEPHP",
    "PLAY_SESSION",
    "_identity",
    "_identity-frontend",
    "_identity-backend",
    "REMEMBERME",
    "mojolicious",
    "rack.session",
    "beaker.session.id",
    "*session-token",
    "*session_token",
    "AUTH_SESSION_ID*",
    "KEYCLOAK_IDENTITY*",
    "ory_kratos_session",
    "authelia_session",
    "authentik_session",
    "_oauth2_proxy",
    "VouchCookie",
    "AWSELBAuthSessionCookie*",
    "CF_Authorization",
    "FedAuth*",
    "MSISAuth*",
    "LtpaToken*",
    "NSC_AAAC",
    "NSC_TMAS",
    "wordpress_logged_in_*",
    "wordpress_sec_*",
    "moodlesession*",
    "fe_typo_user",
    "be_typo_user",
    "grafana_session",
    "_gitlab_session",
    "i_like_gitea",
    "gitea_incredible",
    "MMAUTHTOKEN",
    "JWT-SESSION",
    "argocd.token",
    "metabase.SESSION",
    "_t",
    "CFTOKEN",
    "CFID",
    "bearer",
    "logged_in_user",
];

/// Sessions that scripts of the page itself must read: Supabase, Clerk, Keycloak's frame, Proxmox.
const READ_BY_DESIGN: &[&str] =
    &["sb-*", "__session", "KEYCLOAK_SESSION*", "_token", "PVEAuthCookie", "PMGAuthCookie"];

/// Guards against forged requests: Angular's convention, Django, Tornado, Flask-JWT-Extended, Magento,
/// CakePHP, XenForo, Mattermost, ASP.NET, Gorilla, Auth.js.
const GUARDS: &[&str] = &[
    "XSRF-TOKEN",
    "csrftoken",
    "_xsrf",
    "csrf_access_token",
    "csrf_refresh_token",
    "MMCSRF",
    "form_key",
    "csrfToken",
    "xf_csrf",
    "__RequestVerificationToken*",
    ".AspNetCore.Antiforgery.*",
    "_gorilla_csrf",
    "authjs.csrf-token",
    "next-auth.csrf-token",
];

/// Steps of a login, which end with it: Auth.js, ASP.NET, Keycloak, oauth2-proxy.
const FLOWS: &[&str] = &[
    "authjs.callback-url",
    "next-auth.callback-url",
    "*.state",
    "*.nonce",
    "*.pkce.code_verifier",
    ".AspNetCore.Correlation.*",
    ".AspNetCore.OpenIdConnect.Nonce.*",
    "KC_RESTART",
    "_oauth2_proxy_csrf*",
];

/// Balancers and edges: AWS, Azure, F5, Google, HAProxy, ingress-nginx, Heroku, Cloud Foundry, Citrix,
/// DigitalOcean, Cloudflare, Akamai, Imperva, DataDome, FortiWeb.
const WAY: &[&str] = &[
    "AWSALB",
    "AWSALBCORS",
    "AWSALBTG",
    "AWSALBTGCORS",
    "AWSELB",
    "AWSELBCORS",
    "ARRAffinity",
    "ARRAffinitySameSite",
    "ApplicationGatewayAffinity",
    "ApplicationGatewayAffinityCORS",
    "BIGipServer*",
    "GCLB",
    "GAESA",
    "INGRESSCOOKIE",
    "SERVERID",
    "ROUTEID",
    "route",
    "lb",
    "heroku-session-affinity",
    "VCAP_ID",
    "JSESSIONID_LB",
    "NSC_VSERVER",
    "citrix_ns_id*",
    "DO-LB",
    "__cf_bm",
    "_cfuvid",
    "__cflb",
    "cf_clearance",
    "ak_bmsc",
    "_abck",
    "bm_sz",
    "bm_sv",
    "incap_ses_*",
    "visid_incap_*",
    "nlbi_*",
    "datadome",
    "TS01*",
    "cookiesession1",
];

/// Statistics: Google, Meta, Hotjar, Matomo, Microsoft, Mixpanel, PostHog, Adobe, Datadog, Intercom,
/// HubSpot, RudderStack, Stripe, Segment, Amplitude.
const STATISTICS: &[&str] = &[
    "_ga",
    "_ga_*",
    "_gid",
    "_gat*",
    "_gcl_*",
    "_fbp",
    "_fbc",
    "_hj*",
    "_pk_*",
    "mtm_*",
    "_uetsid",
    "_uetvid",
    "_clck",
    "_clsk",
    "mp_*",
    "ph_*",
    "s_sess",
    "s_cc",
    "s_sq",
    "ai_session",
    "ai_user",
    "_dd_s",
    "intercom-*",
    "hubspotutk",
    "__hssc",
    "__hssrc",
    "__hstc",
    "rl_session",
    "rl_anonymous_id",
    "__stripe_sid",
    "__stripe_mid",
    "ajs_*",
    "amp_*",
    "_sp_id*",
    "_sp_ses*",
];

/// Consent, language, looks, and facts about a session that are none: OneTrust, Cookiebot, IAB, Didomi,
/// Next.js, i18next, Django, ASP.NET, WordPress, shadcn/ui, Magento, Grafana, Mattermost, GitHub, Clerk.
const TASTE: &[&str] = &[
    "OptanonConsent",
    "OptanonAlertBoxClosed",
    "CookieConsent",
    "euconsent-v2",
    "didomi_token",
    "theme",
    "lang",
    "locale",
    "NEXT_LOCALE",
    "i18next",
    "django_language",
    ".AspNetCore.Culture",
    "wp-settings-*",
    "wordpress_test_cookie",
    "sidebar_state",
    "sidebar:state",
    "mage-cache-sessid*",
    "mage-cache-storage*",
    "grafana_session_expiry",
    "MMUSERID",
    "logged_in",
    "__client_uat*",
    "*.is.authenticated",
    "last_login_method",
    "*.last_used_login_method",
];

#[cfg(test)]
mod tests {
    use super::*;

    const FIRM: Kind = Kind::Session(Confidence::Firm);
    const TENTATIVE: Kind = Kind::Session(Confidence::Tentative);

    #[test]
    fn cookies_that_stand_for_a_user_are_known() {
        for name in [
            "JSESSIONID",
            "PHPSESSID",
            "connect.sid",
            "sessionid",
            "_app_session",
            "ASP.NET_SessionId",
            ".AspNetCore.Cookies",
            ".AspNetCore.CookiesC1",
            ".AspNetCore.Identity.Application",
            "ASPSESSIONIDQQTRCBAD",
            "wordpress_logged_in_0123456789abcdef",
            "CAKEPHP",
            "mojolicious",
            "VouchCookie",
            "bearer",
            "logged_in_user",
            "SSESS0123456789abcdef0123456789abcdef",
            "auth_token",
            "jwt",
            "access_token",
            "access_token_cookie",
            "refreshToken",
            "sid",
            "__Host-session",
            "__Secure-next-auth.session-token.0",
            "laravel_session",
            "remember_web_59ba36addc2b2f9401580f014c7f58ea4e30989d",
            "enwiki_session",
            "MoodleSession",
            "AWSELBAuthSessionCookie-0",
            "_oauth2_proxy_1",
            "myappsessid",
            "authToken",
        ] {
            assert_eq!(kind_of(name), FIRM, "{name}");
        }
    }

    #[test]
    fn what_may_stand_for_a_user_is_tentative() {
        for name in
            ["token", "user_identity", "ticket", "mysession", "sb-abc-auth-token", "__session"]
        {
            assert_eq!(kind_of(name), TENTATIVE, "{name}");
        }
    }

    #[test]
    fn words_within_words_and_facts_about_sessions_are_none() {
        for name in [
            "session_theme",
            "login_hint",
            "show_login_banner",
            "_hjSession_123",
            "_hjSessionUser_123",
            "intercom-session-abc",
            "sidebar_state",
            "author",
            "inside",
            "resident",
            "residence",
            "_uetsid",
            "assessment",
            "obsession_level",
            "didomi_token",
            "last_login_method",
            "mage-cache-sessid",
            "rl_session",
            "grafana_session_expiry",
            "heroku-session-affinity",
            "auth.state",
            "session_timeout",
            "theme",
            "_ga",
            "consent",
            "AWSALBCORS",
            "authority",
            "tokenize",
            "considerations",
        ] {
            assert!(!matches!(kind_of(name), Kind::Session(_)), "{name}: {:?}", kind_of(name));
        }
    }

    #[test]
    fn guards_are_told_from_sessions() {
        for name in
            ["csrftoken", "XSRF-TOKEN", "_csrf", "csrf_access_token", "myCsrfToken", "_xsrf"]
        {
            assert_eq!(kind_of(name), Kind::Guard, "{name}");
        }
    }

    #[test]
    fn a_balancer_is_told_by_its_whole_name() {
        for name in ["AWSALB", "BIGipServerpool_http", "__cf_bm", "ARRAffinity"] {
            assert!(is_of_the_way(name), "{name}");
        }
        for name in ["AWSELBAuthSessionCookie-0", "routes", "lb_session"] {
            assert!(!is_of_the_way(name), "{name}");
        }
    }
}
