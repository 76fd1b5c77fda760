//! What every backend of the ledger must do. One list of tests, run once per backend: a backend is a way to open a fresh ledger.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may end in a panic")]

#[path = "conformance/mod.rs"]
mod conformance;

/// Every test of the suite for one backend. A test that is missing here is dead code, which is an error.
macro_rules! suite {
    ($backend:ident, $fresh:path) => {
        suite! { $backend, $fresh,
            schema::a14_migrating_twice_does_nothing,
            schema::a14_a15_every_schema_says_which_binaries_may_use_it,
            schema::a14_processes_may_migrate_at_once,
            schema::a14_an_old_binary_works_on_a_newer_schema_that_allows_it,
            schema::a15_a_newer_schema_is_refused_clearly,
            schema::a15_a_changed_migration_is_refused,
            schema::a15_without_a_schema_nothing_is_put_aside,
            schema::health_says_which_schema,
            order::a9_any_order_repetition_and_cut_ends_in_the_same_rows,
            order::a9_a_transaction_may_begin_with_any_of_its_facts,
            order::a9_two_drainers_at_once_end_in_the_same_rows,
            rules::a9_recovery_never_overrules_the_dispatcher,
            rules::a9_among_equals_the_later_settle_counts,
            rules::a9_what_is_known_replaces_ambiguous,
            rules::a9_an_ended_attempt_is_not_set_back,
            rules::a9_the_first_answer_is_the_one_okta_had,
            rules::a9_an_event_counts_its_deliveries,
            rules::a9_the_first_delivery_is_the_event,
            rules::a9_a_settled_event_is_not_put_back,
            rules::a9_a_replayed_event_ends_as_its_last_settle_says,
            rules::a9_a_replayed_event_is_queued_until_a_later_end,
            rules::a9_the_earliest_verification_counts,
            rules::a9_a_report_with_effect_outranks_one_without,
            duplicates::a10_the_smallest_id_of_a_hook_is_the_first_in_any_order,
            duplicates::a10_hooks_without_an_id_and_of_other_orgs_are_no_duplicates,
            duplicates::a10_the_answer_of_a_hook_is_the_earliest_of_its_copies,
            duplicates::p4_a_hook_that_a_crash_left_is_known,
            duplicates::a10_many_answers_come_in_the_order_asked,
            claims::p6_a_report_is_one_workers_at_a_time,
            claims::p6_a_claim_that_ran_out_is_doubtful,
            claims::p6_what_had_its_effect_is_remembered,
            claims::p6_many_claims_are_asked_and_ended_together,
            claims::p6_of_many_at_once_one_is_granted,
            claims::s11_old_claims_are_forgotten,
            analytics::every_view_counts_what_happened,
            activity::every_code_is_counted_once_and_where_it_belongs,
            activity::of_too_many_codes_the_newest_are_counted,
            activity::what_took_how_long_is_the_nearest_rank,
            activity::what_wants_attention_is_counted_from_its_own_moment,
            poison::a11_a_refused_fact_is_reported_and_the_others_are_applied,
            poison::a11_a_refused_fact_leaves_nothing_behind,
            poison::a11_nul_and_odd_text_is_stored,
            poison::a11_a_value_too_large_is_no_poison,
            commit::a13_a_batch_whose_end_nobody_saw_may_be_sent_again,
            commit::a13_a_caller_that_gives_up_loses_no_later_write,
            matching::e7_nothing_is_found_before_the_send_is_in_the_books,
            matching::many_events_are_matched_together,
            matching::the_newest_send_of_the_user_is_found,
            matching::the_window_is_open_at_its_start_and_closed_at_its_end,
            matching::what_was_not_sent_is_never_found,
            matching::channel_and_purpose_narrow_the_search,
            matching::e7_a_newer_send_in_flight_is_told,
            matching::what_was_reported_is_told,
            matching::a_reader_may_have_a_budget,
            matching::a_word_of_another_version_is_an_error,
            receipts::a9_the_first_copy_of_a_receipt_counts,
            receipts::a9_receipts_that_say_different_things_are_different,
            receipts::a_transaction_comes_with_its_receipts,
            receipts::a_receipt_about_one_attempt_of_a_message_is_that_ones,
            receipts::a11_odd_receipts_are_stored_or_put_aside,
            unresolved::c4_c5_an_unresolved_send_comes_with_what_is_needed_to_ask,
            unresolved::c4_c5_only_ambiguous_calls_are_unresolved,
            unresolved::c5_what_is_attributed_below_a_reference,
            unresolved::c5_when_the_next_send_to_the_number_began,
            unresolved::c4_c5_unresolved_sends_come_in_pages_of_a_span,
            unresolved::c4_c5_a_receipt_shows_that_the_provider_took_it,
            unresolved::c4_c5_what_the_reconciler_found_is_how_it_ends,
            unresolved::c4_c5_what_the_provider_does_not_have_was_not_accepted,
            unresolved::c4_c5_a_hook_that_was_not_accepted_is_still_known,
            unresolved::c4_c5_a_failover_is_not_undone_by_what_became_of_the_first_call,
            unattributed::p6_an_event_whose_send_came_later_is_found_until_it_is_attributed,
            unattributed::p6_only_a_send_that_may_be_meant_makes_an_event_unattributed,
            untold::p6_the_second_message_of_a_login_is_to_be_told,
            untold::p6_what_nobody_entered_is_known_when_it_is_over,
            unresolved::c4_c5_of_two_who_looked_the_one_that_found_it_is_right,
            unresolved::c4_c5_the_reconcilers_word_outranks_even_an_accepted_one,
            send_events::a9_the_first_copy_of_a_send_event_counts,
            send_events::a_log_is_read_as_far_as_the_furthest_said,
            send_events::what_okta_did_stands_beside_what_it_was_told,
            send_events::an_event_keeps_the_way_it_first_came,
            send_events::a11_odd_send_events_are_stored_or_put_aside,
            send_events::s11_old_send_events_go_and_the_cursor_stays,
            listing::transactions_are_filtered_and_newest_first,
            listing::a_transaction_comes_with_all_that_came_of_it,
            listing::events_are_filtered_and_come_with_all_that_came_of_them,
            listing::an_event_comes_back_as_it_went_in,
            listing::dead_letters_wait_until_they_are_replayed,
            listing::the_overview_counts,
            listing::a_listing_ends_at_a_thousand,
            privacy::s10_no_number_is_in_the_books_or_in_a_listing,
            privacy::s11_numbers_are_forgotten_before_rows,
            privacy::s11_rows_go_in_steps_and_young_ones_stay,
            privacy::s11_two_may_purge_at_once,
            privacy::s11_a_forgotten_number_does_not_come_back,
            privacy::s11_rows_whose_beginning_never_came_go_too,
            erasure::s11_a_user_is_erased_from_every_table,
            erasure::s11_whoever_has_a_number_is_erased,
            erasure::s11_whoever_has_a_number_is_erased_from_what_belongs_to_no_code,
            erasure::s11_a_dry_run_counts_and_changes_nothing,
            erasure::s11_an_erased_person_does_not_come_back,
            erasure::s11_a_user_may_come_again_after_the_erasure,
            erasure::s11_many_rows_go_in_steps,
            erasure::s11_an_erasure_meets_a_drain,
            erasure::s11_quarantined_bodies_can_be_looked_through,
            schema::a_database_says_what_is_wrong_with_it,
        }
    };
    ($backend:ident, $fresh:path, $($module:ident::$test:ident,)+) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    crate::conformance::$module::$test($fresh().await).await;
                }
            )+
        }
    };
}

suite! { sqlite, crate::conformance::sqlite::fresh }
suite! { postgres, crate::conformance::postgres::fresh }
