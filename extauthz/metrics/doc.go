// Package metrics counts what Postern does, in a registry of its own, by the conventions of
// Prometheus. No label ever has a value that a client chose: policies and routes are those of
// the configuration, reasons are a closed set.
//
//	postern_decisions_total{policy,route,decision,reason}   policy and route are "" where none was chosen
//	postern_check_duration_seconds                          from the start of the check to the decision
//	postern_checks_in_flight
//	postern_panics_total                                    each was a deny
//	postern_records_total{outcome}                          written, dropped, failed
//	postern_policy_loads_total{result}                      ok, error
//	postern_policy_load_timestamp_seconds                   when the policy in force was loaded
//	postern_policy_info{digest}                             1, for the policy in force alone
//	postern_policy_up_to_date                               0 while the last load failed
//	postern_revocations{kind}                               what is cut off now
//	postern_revocation_loads_total{result}                  ok, error
//	postern_revocations_up_to_date                          0 while a Revocation document may not be in force
//	postern_bundle_authorities{trust_domain}
//	postern_bundle_stale{trust_domain}                      1 when callers of it are refused for that
//	postern_provider_keys{provider}
//	postern_provider_keys_age_seconds{provider}             since they were last had
//	postern_provider_key_fetches_total{provider,result}     ok, error
//	postern_sds_streams
//	postern_sds_pushes_total
//	postern_sds_refused_total                               versions that Envoy refused
//	postern_ready
//	postern_build_info{version,goversion}
//
// and those of the Go runtime and the process.
package metrics
