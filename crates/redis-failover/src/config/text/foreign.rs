//! What other clients call it: redis-py, whose names ours are else, Jedis, Lettuce and redis-rs.

/// Their name in snake case, and what to do.
const NAMES: &[(&str, &str)] = &[
    // redis-py: MultiDbConfig
    ("databases_config", "here each database is a table [[databases]]"),
    (
        "health_check_timeout",
        "here it is health_check_probe_timeout, which bounds one probe and not the whole check",
    ),
    ("health_check_probes_delay", "here it is health_check_delay"),
    ("event_dispatcher", "listen in code: MultiDbConfig::events, or MultiDbClient::events"),
    ("client_class", "leave it out: the url of each database says how it is spoken to"),
    ("failure_detectors", "give your own in code: MultiDbConfig::add_failure_detector"),
    ("failover_strategy", "give your own in code: MultiDbConfig::failover_strategy"),
    ("failover_timeout", "an outage counts as permanent after failover_attempts times failover_delay"),
    ("circuit", "set grace_period, half_open_timeout, trial_calls and their like"),
    ("circuit_breaker", "set grace_period, half_open_timeout, trial_calls and their like"),
    ("reset_timeout", "here it is grace_period"),
    // redis-py: DatabaseConfig, and the arguments of its clients
    ("from_url", "here it is url"),
    ("from_pool", "give a pool in code: DatabaseConfig::from_service or from_connection"),
    (
        "client_kwargs",
        "write its entries as keys of the database: url, username, password, response_timeout, tls",
    ),
    ("host", "here it is a part of url: redis://host:port/number"),
    ("port", "here it is a part of url: redis://host:port/number"),
    ("db", "here it is a part of url: redis://host:port/number"),
    ("database", "here it is a part of url: redis://host:port/number"),
    ("protocol", "here it is a part of url: redis://host:port/number?protocol=resp3"),
    ("unix_socket_path", "here it is a part of url: unix:///path"),
    ("user", "here it is username"),
    ("socket_timeout", "here it is response_timeout, for one attempt"),
    ("timeout", "here it is response_timeout, for one attempt"),
    ("socket_connect_timeout", "here it is connect_timeout"),
    ("retry", "set command_retry: nothing below it repeats a command"),
    ("retry_on_timeout", "set retry_safety: it says which commands are repeated"),
    ("retry_on_error", "set retry_safety: it says which commands are repeated"),
    (
        "max_connections",
        "commands share one connection; dedicated_connections bounds those of blocking commands",
    ),
    ("single_connection_client", "leave it out: commands share one connection to each database"),
    ("ssl", "let the url begin with rediss"),
    ("ssl_ca_certs", "here it is tls.ca_file"),
    ("ssl_ca_path", "here it is tls.ca_path"),
    ("ssl_ca_data", "here it is tls.ca_data"),
    ("ssl_certfile", "here it is tls.client_cert_file"),
    ("ssl_keyfile", "here it is tls.client_key_file"),
    ("ssl_password", "here it is tls.client_key_password"),
    ("ssl_cert_reqs", "certificates are verified unless tls.verify_tls is false"),
    (
        "ssl_check_hostname",
        "names are verified unless tls.verify_tls is false; tls.server_name gives another one",
    ),
    (
        "credential_provider",
        "set password_file or password_env, or give your own in code: DatabaseConfig::credentials",
    ),
    // redis-py: LagAwareHealthCheck
    ("availability_lag_tolerance", "here it is lag_aware.lag_aware_tolerance"),
    ("client_cert_path", "here it is tls.client_cert_file"),
    ("client_key_path", "here it is tls.client_key_file"),
    // Jedis
    ("endpoint", "here it is url"),
    ("endpoints", "here each database is a table [[databases]]"),
    ("rest_endpoint", "here it is health_check_url, of each database"),
    ("availability_lag_tolerance_ms", "here it is lag_aware.lag_aware_tolerance, as \"100ms\""),
    ("min_num_of_failures", "here it is min_num_failures"),
    ("sliding_window_size", "here it is failures_detection_window, a duration"),
    ("sliding_window_min_calls", "here it is min_num_failures"),
    ("failback_supported", "auto_fallback_interval = \"off\" switches the fallback off"),
    ("failback_check_interval", "here it is auto_fallback_interval"),
    ("max_num_failover_attempts", "here it is failover_attempts"),
    ("delay_in_between_failover_attempts", "here it is failover_delay"),
    ("health_check_enabled", "health_checks = [] switches them off"),
    ("health_check_strategy", "name them in health_checks: [\"ping\", \"role\"]"),
    ("health_check_strategy_supplier", "name them in health_checks: [\"ping\", \"role\"]"),
    ("num_probes", "here it is health_check_probes"),
    ("delay_in_between_probes", "here it is health_check_delay"),
    ("retry_on_failover", "leave it out: commands that may be repeated go on with the next database"),
    ("fast_failover", "leave it out: what is in flight on a dead database is ended at once"),
    ("max_attempts", "here it is command_retry.retries, without the first attempt"),
    ("initialization_policy", "here it is initial_health_check_policy"),
    // Lettuce
    ("redis_uri", "here it is url"),
    ("uri", "here it is url"),
    ("rest_api_uri", "here it is health_check_url, of each database"),
    ("minimum_number_of_failures", "here it is min_num_failures"),
    ("metrics_window_size", "here it is failures_detection_window, a duration"),
    ("max_failover_attempts", "here it is failover_attempts"),
    // redis-rs
    ("number_of_retries", "here it is command_retry.retries"),
    ("connection_timeout", "here it is connect_timeout"),
    ("min_delay", "here it is command_retry.base"),
    ("max_delay", "here it is command_retry.cap"),
    ("backoff", "here it is command_retry: { retries = 3, base = \"10ms\", cap = \"1s\" }"),
];

/// What to do with this name, if another client has it.
pub(super) fn advice(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|(theirs, _)| *theirs == name).map(|(_, advice)| *advice)
}

#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    NAMES.iter()
}
