//! Acceptance tests
