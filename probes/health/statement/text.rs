//! Reading plain text.

use super::{Format, Overall, Statement, words};

/// Reads a body that is neither JSON nor a page.
pub(super) fn read(body: &str) -> Statement {
    if let Some(statement) = lines(body) {
        return statement;
    }
    let Some(state) = words::state_of_sentence(body) else {
        return Statement { format: Format::Opaque, ..Statement::default() };
    };
    let aspnet = matches!(body, "Healthy" | "Degraded" | "Unhealthy");
    Statement {
        format: if aspnet { Format::AspNet } else { Format::Plain },
        overall: Some(Overall { state, stated: true }),
        components: Vec::new(),
    }
}

/// A line for each component: `[+]etcd ok` as Kubernetes writes them, or `database: ok`.
fn lines(body: &str) -> Option<Statement> {
    let mut statement = Statement { format: Format::Lines, ..Statement::default() };
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((up, rest)) = kubernetes(line) {
            let name = rest.split_once(' ').map_or(rest, |(name, _)| name);
            let state = if up { super::State::Up } else { super::State::Down };
            statement.add(name.to_owned(), Some(state));
        } else if let Some((name, state)) = line.split_once([':', '=']) {
            let state = words::state_of(state)?;
            if matches!(name.trim().to_ascii_lowercase().as_str(), "status" | "state" | "health") {
                statement.overall = Some(Overall { state, stated: true });
            } else {
                statement.add(name.trim().to_owned(), Some(state));
            }
        } else if statement.components.is_empty() {
            return None;
        } else if let Some(state) = words::state_of_sentence(line) {
            statement.overall = Some(Overall { state, stated: true });
        }
    }
    statement.derive_overall();
    statement.overall.is_some().then_some(statement)
}

fn kubernetes(line: &str) -> Option<(bool, &str)> {
    let up = line.strip_prefix("[+]").map(|rest| (true, rest));
    up.or_else(|| line.strip_prefix("[-]").map(|rest| (false, rest)))
}
