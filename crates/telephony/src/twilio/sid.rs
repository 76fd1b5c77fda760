/// Whether `text` is a Twilio SID of this kind: two letters and 32 hex digits. Only such a text goes into a URL's path.
pub(crate) fn is_sid(kind: &str, text: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::is_sid;

    #[test]
    fn s17_only_a_sid_is_a_sid() {
        assert!(is_sid("VE", "VE8e1d2c3b4a5968778695a4b3c2d1e0f9"));
        assert!(is_sid("VE", "VE8E1D2C3B4A5968778695A4B3C2D1E0F9"));
        for bad in [
            "",
            "VE",
            "VA8e1d2c3b4a5968778695a4b3c2d1e0f9",
            "VE8e1d2c3b4a5968778695a4b3c2d1e0f",
            "VE8e1d2c3b4a5968778695a4b3c2d1e0f99",
            "VE../../../Services/VA5b0c2d7e9f1",
            "VE8e1d2c3b4a5968778695a4b3c2d1e0f9\n",
            "VE８e1d2c3b4a5968778695a4b3c2d1e0",
        ] {
            assert!(!is_sid("VE", bad), "{bad}");
        }
    }
}
