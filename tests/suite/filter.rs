//! Filter expressions: what they select, what they refuse, and that nothing breaks them.

use proptest::prelude::*;
use stimrig::cli::filter::{Filter, Subject};

fn matches(filter: &str, name: &str, tags: &[&str]) -> bool {
    let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
    let requirements = ["SYS-CB-001".to_owned()];
    let subject = Subject {
        name,
        tags: &tags,
        phantom: "scs-lead",
        requirements: &requirements,
        file: "scenarios/charge-balance/a.yaml",
    };
    Filter::parse(filter).unwrap_or_else(|error| panic!("{error}")).matches(&subject)
}

fn selects(filter: &str) -> bool {
    matches(filter, "Pulses stay balanced [amplitude=2 mA]", &["smoke", "charge-balance"])
}

#[test]
fn each_predicate_and_matcher() {
    for (filter, expected) in [
        ("tag(smoke)", true),
        ("tag(smok)", true),
        ("tag(=smok)", false),
        ("tag( = smoke )", true),
        ("name(~balanced)", true),
        ("name(/^Pulses .* mA\\]$/)", true),
        ("name(/^balanced/)", false),
        ("phantom(=scs-lead)", true),
        ("requirement(SYS-CB)", true),
        ("requirement(=SYS-CB)", false),
        ("file(/charge-balance\\/a/)", true),
        ("all()", true),
        ("none()", false),
        ("name([amplitude=2 mA])", true),
        ("name(mA\\])", true),
        ("name(\\))", false),
    ] {
        assert_eq!(selects(filter), expected, "{filter}");
    }
}

#[test]
fn operators_bind_as_in_nextest() {
    for (filter, expected) in [
        ("none() & all() | all()", true),
        ("all() | all() & none()", true),
        ("(all() | all()) & none()", false),
        ("!none()", true),
        ("not none() and all()", true),
        ("!all() | all()", true),
        ("all() - all()", false),
        ("all() - none() - all()", false),
        ("none() + all()", true),
        ("none() or none()", false),
        ("!!all()", true),
        ("  tag(smoke)&name(~balance)  ", true),
    ] {
        assert_eq!(selects(filter), expected, "{filter}");
    }
}

#[test]
fn mistakes_are_pointed_at() {
    for (filter, caret, what) in [
        ("tga(smoke)", "^^^", "`tga` is not a predicate"),
        ("tag(smoke", "   ^", "this bracket is not closed"),
        ("(tag(smoke)", "^", "this bracket is not closed"),
        ("tag(smoke) name(a)", "           ^^^^", "expected `&`, `|`, `-` or the end"),
        ("tag(smoke) &", "            ^", "expected a predicate"),
        ("tag()", "    ^", "expected text"),
        ("tag", "^^^", "`tag` needs brackets"),
        ("all(x)", "   ^", "`all()` takes nothing"),
        ("name(/a(/)", "      ^^", "not a regular expression"),
        ("name(/a)", "     ^", "this `/` is not closed"),
        ("", "^", "expected a predicate"),
        ("µ(x)", "^", "is not a predicate"),
    ] {
        let shown = Filter::parse(filter).expect_err(filter).to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[0].contains(what), "{filter}: {shown}");
        assert_eq!(lines[2], format!("  {caret}"), "{filter}: {shown}");
    }
    assert!(Filter::parse("tags(x)").expect_err("unknown").to_string().contains("did you mean `tag`?"));
}

#[test]
fn deep_and_long_expressions_are_refused_in_no_time() {
    assert!(Filter::parse(&"(".repeat(60_000)).is_err());
    assert!(Filter::parse(&"!".repeat(60_000)).is_err());
    assert!(Filter::parse(&format!("name({})", "a".repeat(1 << 20))).is_err());
    let wide = vec!["tag(=a)"; 5000].join("|");
    assert!(!selects(&wide));
}

#[test]
fn several_filters_are_a_union() {
    let any = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let subject = Subject { name: "a", tags: &[], phantom: "r1k", requirements: &[], file: "f" };
        Filter::any(&texts).expect("valid").matches(&subject)
    };
    assert!(any(&[]));
    assert!(any(&["name(b)", "name(a)"]));
    assert!(!any(&["name(b)", "name(c)"]));
}

/// An expression as text, with what it must say about a subject whose only tags are `a` and `b`.
fn expressions() -> impl Strategy<Value = (String, bool)> {
    let leaf = prop_oneof![
        Just(("all()".to_owned(), true)),
        Just(("none()".to_owned(), false)),
        "[abcd]".prop_map(|tag| (format!("tag(={tag})"), tag == "a" || tag == "b")),
    ];
    leaf.prop_recursive(6, 48, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(text, value)| (format!("!({text})"), !value)),
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a}) & ({b})"), x && y)),
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a}) or ({b})"), x || y)),
            (inner.clone(), inner).prop_map(|((a, x), (b, y))| (format!("({a}) - ({b})"), x && !y)),
        ]
    })
}

proptest! {
    #[test]
    fn boolean_algebra_holds((text, expected) in expressions()) {
        prop_assert_eq!(matches(&text, "", &["a", "b"]), expected, "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_caret_inside_it(text in "[ -~µ\\n()|&!/\\\\]{0,40}") {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at), "{:?}", error);
            prop_assert_eq!(error.to_string().lines().count(), 3 + usize::from(error.help.is_some()));
        }
    }

    #[test]
    fn an_escaped_name_selects_exactly_itself(name in "[ -~µ]{1,20}") {
        prop_assume!(name.trim() == name);
        let escaped: String = name.chars().flat_map(|c| ['\\', c]).collect();
        let filter = format!("name(={escaped})");
        let longer = format!("{name}x");
        prop_assert!(matches(&filter, &name, &[]));
        prop_assert!(!matches(&filter, &longer, &[]));
    }
}
