use std::collections::BTreeMap;

use telephony::WordingOptions;

use crate::config::reader::Reader;

/// `[telephony.wording]`
pub(super) fn read(mut reader: Reader<'_>) -> WordingOptions {
    let options = WordingOptions {
        texts: texts(reader.section("texts")),
        voice_texts: texts(reader.section("voice_texts")),
        web_otp_domain: reader.string("web_otp_domain"),
        app_hash: reader.string("app_hash"),
    };
    reader.finish();
    options
}

fn texts(mut reader: Reader<'_>) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for locale in reader.names() {
        texts.extend(reader.string(&locale).map(|text| (locale, text)));
    }
    reader.finish();
    texts
}
