//! A small day, and the goals.

use fidelity::{World, play_all, table};

#[tokio::test]
async fn twilio_ends_up_knowing_what_okta_knows() {
    let world = World::new(120, 7);
    let sides = play_all(&world).await;
    let shown = table(&sides);
    let [one, two, never, sample, nothing] = &sides[..] else { panic!("five sides") };
    for it in [one, two, never] {
        let shown = format!("{shown}\n{}", it.faults.join("\n"));
        assert!(it.in_time > 120 && it.never_completed > 10, "there is something to measure\n{shown}");
        assert_eq!(it.approved, it.in_time, "{shown}");
        assert_eq!((it.wrongly_approved, it.approved_early, it.closed_by_older), (0, 0, 0), "{shown}");
        assert_eq!((it.too_late_recorded, it.wrongly_recorded), (it.too_late, 0), "{shown}");
        assert_eq!(it.failures_recorded, it.failures, "{shown}");
        assert_eq!(it.told_recorded, it.told, "{shown}");
        assert!(it.posts_per_verification() <= 1.01, "{shown}");
    }
    // What is measured can be missed.
    assert!(sample.approved * 10 < sample.in_time * 9, "{shown}");
    assert!(sample.posts_per_verification() > 1.01, "{shown}");
    assert_eq!((nothing.posts, nothing.approved), (0, 0), "{shown}");
    assert!(nothing.refused > never.refused, "{shown}");
    // Nobody is locked out, because what is full is cancelled.
    assert_eq!((one.lost, two.lost), (0, 0), "{shown}");
    assert!(one.canceled > 0 && never.canceled == 0 && nothing.lost > 0, "{shown}");
}
