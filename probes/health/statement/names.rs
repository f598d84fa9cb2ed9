//! The names of components, and which of them are other services.

/// Whether a word of a component's name says that it is another service: one that can be down while
/// this one is not.
pub(in crate::health) fn is_dependency(word: &str) -> bool {
    DEPENDENCIES.contains(&word) || DEPENDENCY_STEMS.iter().any(|stem| word.starts_with(stem))
}

/// Whether a word of a component's name says that it is a part of a service that can be well or not.
pub(super) fn is_part(word: &str) -> bool {
    PARTS.contains(&word)
}

/// The words of a name, in lower case: `ordersDb` and `orders-db` are `orders` and `db`.
pub(in crate::health) fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_alphanumeric() {
            if c.is_uppercase() && after_lower {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        } else {
            words.push(String::new());
        }
        after_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

const PARTS: &[&str] = &[
    "api",
    "auth",
    "backend",
    "cache",
    "check",
    "cluster",
    "connection",
    "disk",
    "dns",
    "filesystem",
    "gateway",
    "healthcheck",
    "index",
    "job",
    "jobs",
    "memory",
    "migration",
    "migrations",
    "network",
    "ping",
    "queue",
    "queues",
    "replication",
    "scheduler",
    "search",
    "server",
    "service",
    "storage",
    "worker",
    "workers",
];

const DEPENDENCIES: &[&str] = &[
    "db",
    "database",
    "databases",
    "datasource",
    "jdbc",
    "r2dbc",
    "sql",
    "mq",
    "amqp",
    "mqtt",
    "nats",
    "jms",
    "sqs",
    "ldap",
    "mail",
    "smtp",
    "s3",
    "broker",
    "upstream",
    "llm",
];

const DEPENDENCY_STEMS: &[&str] = &[
    "postgre",
    "mysql",
    "maria",
    "mssql",
    "sqlserver",
    "oracle",
    "mongo",
    "redis",
    "valkey",
    "memcache",
    "kafka",
    "rabbit",
    "activemq",
    "pulsar",
    "elastic",
    "opensearch",
    "solr",
    "minio",
    "vault",
    "consul",
    "zookeeper",
    "etcd",
    "cassandra",
    "neo4j",
    "influx",
    "couch",
    "dynamo",
    "clickhouse",
    "cockroach",
    "ollama",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_of_words() {
        assert_eq!(words_of("ordersDb"), ["orders", "db"]);
        assert_eq!(words_of("orders-db/primary"), ["orders", "db", "primary"]);
        assert_eq!(words_of("Reactive PostgreSQL check"), ["reactive", "postgre", "sql", "check"]);
        assert!(words_of("--").is_empty());
    }

    #[test]
    fn other_services_are_told_from_parts_of_the_process() {
        for other in ["db", "postgresql", "redis7", "kafka"] {
            assert!(is_dependency(other), "{other}");
        }
        for own in ["debug", "ping", "disk", "memory", "queue"] {
            assert!(!is_dependency(own), "{own}");
        }
    }
}
