//! Chapter `life`: the broker runs and answers, whatever is sent to it. No statement of the standard says so; a broker that a
//! client can end is no broker to be certified all the same. The run asks for it behind every case; see `run/life.rs`.

use crate::scenario::{Case, CaseRules, Method, Vital};
use mqtt_assay_reference::Fault;
use mqtt_assay_standard::RuleId;

pub(super) const CASES: &[Case] = &[
    Case {
        v3_1_1: Some(CaseRules { breaks: &[], proves: &[&[RuleId::v3_1_1("LIFE-1")]] }),
        v5: Some(CaseRules { breaks: &[], proves: &[&[RuleId::v5("LIFE-1")]] }),
        caught: &[Fault::DiesOfWildcardTopic],
        file: file!(),
        ..Case::new(
            "stays_alive",
            "",
            "The broker goes on running, whatever is sent to it",
            Method::Life(Vital::StaysAlive),
        )
    },
    Case {
        v3_1_1: Some(CaseRules { breaks: &[], proves: &[&[RuleId::v3_1_1("LIFE-2")]] }),
        v5: Some(CaseRules { breaks: &[], proves: &[&[RuleId::v5("LIFE-2")]] }),
        caught: &[Fault::FallsSilentAtDeepFilter],
        file: file!(),
        ..Case::new("answers", "", "The broker goes on answering, whatever is sent to it", Method::Life(Vital::Answers))
    },
];
