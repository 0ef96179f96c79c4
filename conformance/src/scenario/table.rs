//! How a row of a chapter's table is written: `case!`, `invariant!`, and `rule!` for the steps.
//!
//! Rule ids are looked up in the catalog at compile time.

/// The rule that a step decides, by version: `rule!(v311 "MQTT-4.3.2-1", v5 "MQTT-4.3.2-2")`. One of the two may be
/// left out; in that version the step is a part of the set-up.
macro_rules! rule {
    (v311 $v311:literal, v5 $v5:literal) => {
        const {
            $crate::scenario::StepRules {
                v3_1_1: Some(::mqtt_assay_standard::RuleId::v3_1_1($v311)),
                v5: Some(::mqtt_assay_standard::RuleId::v5($v5)),
            }
        }
    };
    (v311 $v311:literal) => {
        const { $crate::scenario::StepRules { v3_1_1: Some(::mqtt_assay_standard::RuleId::v3_1_1($v311)), v5: None } }
    };
    (v5 $v5:literal) => {
        const { $crate::scenario::StepRules { v3_1_1: None, v5: Some(::mqtt_assay_standard::RuleId::v5($v5)) } }
    };
}

/// One row of the table of invariants; like `case!`, with a check in the place of steps.
macro_rules! invariant {
    ($check:ident : $title:literal,
        $(v311: proves [$($p3:literal $(= $t3:literal)*),* $(,)?],)?
        $(v5: proves [$($p5:literal $(= $t5:literal)*),* $(,)?],)?
        caught: [$($fault:expr),* $(,)?] $(,)?
    ) => {
        $crate::scenario::Case {
            $(v3_1_1: Some($crate::scenario::CaseRules {
                breaks: &[],
                proves: &[$(&[::mqtt_assay_standard::RuleId::v3_1_1($p3) $(, ::mqtt_assay_standard::RuleId::v3_1_1($t3))*]),*],
            }),)?
            $(v5: Some($crate::scenario::CaseRules {
                breaks: &[],
                proves: &[$(&[::mqtt_assay_standard::RuleId::v5($p5) $(, ::mqtt_assay_standard::RuleId::v5($t5))*]),*],
            }),)?
            caught: &[$($fault),*],
            file: file!(),
            ..$crate::scenario::Case::new(stringify!($check), "", $title, $crate::scenario::Method::Invariant($check))
        }
    };
}

/// One row of a chapter's table of cases:
///
/// ```text
/// case!(function: "What a conforming broker does",
///     v311: breaks ["MQTT-3.3.2-2"] proves ["MQTT-4.8.0-1"],
///     v5:   breaks ["MQTT-3.3.2-2"] proves ["MQTT-4.13.1-1"],
///     caught: [Fault::ActsOn(Rule::TopicNameWildcard)],
///     variant: Variant::PLAIN, needs: &["retain"], waits: 2)
/// ```
/// Either version may be left out; what follows `caught` too. Twins are joined by `=`: `proves ["A" = "A's twin", "B"]`.
/// A member of a family names itself: `case!(function["member"]: ...)`.
macro_rules! case {
    ($function:ident $([$member:literal])? : $title:expr,
        $(v311: $(breaks [$($b3:literal),* $(,)?])? proves [$($p3:literal $(= $t3:literal)*),* $(,)?],)?
        $(v5: $(breaks [$($b5:literal),* $(,)?])? proves [$($p5:literal $(= $t5:literal)*),* $(,)?],)?
        caught: [$($fault:expr),* $(,)?] $(, $key:ident: $value:expr)* $(,)?
    ) => {
        $crate::scenario::Case {
            $(v3_1_1: Some($crate::scenario::CaseRules {
                breaks: &[$($(::mqtt_assay_standard::RuleId::v3_1_1($b3)),*)?],
                proves: &[$(&[::mqtt_assay_standard::RuleId::v3_1_1($p3) $(, ::mqtt_assay_standard::RuleId::v3_1_1($t3))*]),*],
            }),)?
            $(v5: Some($crate::scenario::CaseRules {
                breaks: &[$($(::mqtt_assay_standard::RuleId::v5($b5)),*)?],
                proves: &[$(&[::mqtt_assay_standard::RuleId::v5($p5) $(, ::mqtt_assay_standard::RuleId::v5($t5))*]),*],
            }),)?
            caught: &[$($fault),*],
            file: file!(),
            $($key: $value,)*
            ..$crate::scenario::Case::new(
                stringify!($function),
                concat!($($member)?),
                $title,
                $crate::scenario::Method::Steps(|subject| Box::pin($function(subject))),
            )
        }
    };
}

pub(crate) use {case, invariant, rule};
