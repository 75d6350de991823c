//! What `#[permission]` accepts, and what it says about everything else.

#[test]
fn permission_attribute() {
    let cases = trybuild::TestCases::new();
    cases.pass("ui/pass/*.rs");
    cases.compile_fail("ui/fail/*.rs");
}
