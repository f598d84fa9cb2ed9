//! Reading plain text.

use super::{
    Format, Overall, State, Statement,
    words::{self, Said},
};

/// Reads a body that is neither JSON nor markup.
pub(super) fn read(body: &str) -> Statement {
    if let Some(statement) = lines(body) {
        return statement;
    }
    // go-chi's Heartbeat answers a full stop.
    let said = if body == "." { Some(Said::Known(State::Up)) } else { words::said_alone(body) };
    match said {
        Some(Said::Known(state)) => {
            let aspnet = matches!(body, "Healthy" | "Degraded" | "Unhealthy");
            Statement {
                format: if aspnet { Format::AspNet } else { Format::Plain },
                overall: Some(Overall { state, stated: true }),
                ..Statement::default()
            }
        }
        Some(Said::Unknown(word)) => {
            Statement { format: Format::Plain, unclear: Some(word), ..Statement::default() }
        }
        None => Statement { format: Format::Opaque, ..Statement::default() },
    }
}

/// A line for each component: `[+]etcd ok` as Kubernetes writes them, or `database: ok`.
fn lines(body: &str) -> Option<Statement> {
    let mut statement = Statement { format: Format::Lines, ..Statement::default() };
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some((up, rest)) = kubernetes(line) {
            let name = rest.split_once(' ').map_or(rest, |(name, _)| name);
            let state = if up { State::Up } else { State::Down };
            statement.add(name.to_owned(), Some(state));
        } else if let Some((name, word)) = line.split_once([':', '=']) {
            let own = ["status", "state", "health"];
            if own.contains(&name.trim().to_ascii_lowercase().as_str()) {
                match words::said(word)? {
                    Said::Known(state) => {
                        statement.overall = Some(Overall { state, stated: true });
                    }
                    Said::Unknown(word) => statement.unclear = Some(word),
                }
            } else {
                statement.add(name.trim().to_owned(), Some(words::state_of(word)?));
            }
        } else if statement.components.is_empty() {
            return None;
        } else if let Some(state) = words::state_of_sentence(line) {
            statement.overall = Some(Overall { state, stated: true });
        }
    }
    if statement.unclear.is_none() {
        statement.derive_overall();
    }
    (!statement.states_nothing()).then_some(statement)
}

fn kubernetes(line: &str) -> Option<(bool, &str)> {
    let up = line.strip_prefix("[+]").map(|rest| (true, rest));
    up.or_else(|| line.strip_prefix("[-]").map(|rest| (false, rest)))
}
