//! Bodies through a folder and back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use ops::Setting;

use super::*;

const KEY: &str = "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a";

fn plain(folder: &Path) -> Config {
    Config::folder(folder)
}

fn encrypted(folder: &Path) -> Config {
    Config::folder(folder).encrypted("2026a", Setting::Plain(KEY.to_owned()))
}

/// Without the fault that a key stands in the file.
fn open(config: &Config) -> Payloads {
    let folder = config.folder.as_ref().unwrap().get_ref();
    let mut config = config.clone();
    for (id, key) in &mut config.keys {
        let file = folder.join(format!("{}.key", id.get_ref()));
        let Setting::Plain(text) = key.get_ref() else {
            continue;
        };
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&file, text).unwrap();
        *key.get_mut() = Setting::File(file.display().to_string());
    }
    Payloads::open(&config).unwrap()
}

fn sample(length: usize) -> Bytes {
    (0..length)
        .map(|at| u8::try_from(at * 7 % 251).unwrap())
        .collect()
}

async fn store(payloads: &Payloads, encoding: Encoding, body: &Bytes, piece: usize) -> Form {
    let mut writer = payloads.writer(encoding, u64::MAX).await.unwrap();
    for piece in body.chunks(piece) {
        writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    writer.finish().await.unwrap()
}

async fn load(payloads: &Payloads, form: &Form) -> Result<Bytes, Error> {
    payloads.open_object(form).await?.whole(u64::MAX).await
}

/// All files of a store but its keys and its notes.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("kept") {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none() {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn what_is_stored_is_had_again() {
    for config in [plain, encrypted] {
        for encoding in [Encoding::Identity, Encoding::Zstd] {
            let folder = tempfile::tempdir().unwrap();
            let payloads = open(&config(folder.path()));
            for length in [0, 1, 256 << 10, (1 << 20) + 3] {
                let body = sample(length);
                let form = store(&payloads, encoding, &body, 64 << 10).await;
                assert_eq!(form.manifest.length, u64::try_from(length).unwrap());
                assert_eq!(form.manifest.sha256, manifest(&body).sha256);
                assert!(load(&payloads, &form).await.unwrap() == body, "{length}");
            }
            assert_eq!(files(folder.path()).len(), 4);
        }
    }
}

#[tokio::test]
async fn an_object_without_a_key_is_the_body_itself() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = open(&plain(folder.path()));
    let form = store(&payloads, Encoding::Identity, &sample(1_000), 300).await;
    let Place::Object { name, key: None } = form.place else {
        panic!("{form:?}");
    };
    let read = std::fs::read(folder.path().join(name.to_string())).unwrap();
    assert_eq!(read, sample(1_000));
}

#[tokio::test]
async fn what_was_altered_is_refused_before_its_last_byte() {
    for config in [plain, encrypted] {
        let folder = tempfile::tempdir().unwrap();
        let payloads = open(&config(folder.path()));
        let body = sample(600 << 10);
        let form = store(&payloads, Encoding::Identity, &body, 64 << 10).await;
        let file = files(folder.path()).pop().unwrap();
        let good = std::fs::read(&file).unwrap();
        let altered: [fn(&mut Vec<u8>); 4] = [
            |bytes| bytes[300_000] ^= 1,
            |bytes| {
                bytes.pop();
            },
            |bytes| bytes.push(0),
            |bytes| bytes.clear(),
        ];
        for alter in altered {
            let mut bytes = good.clone();
            alter(&mut bytes);
            std::fs::write(&file, bytes).unwrap();
            let mut came = 0;
            let error = match payloads.open_object(&form).await {
                Err(error) => error,
                Ok(mut reader) => loop {
                    match reader.next().await {
                        Ok(Some(data)) => came += data.len(),
                        Ok(None) => panic!("it was read"),
                        Err(error) => break error,
                    }
                },
            };
            assert_eq!(error.kind(), Kind::Altered);
            assert!(came < body.len());
        }
    }
}

#[tokio::test]
async fn keys_are_rotated_by_reading_with_several() {
    let folder = tempfile::tempdir().unwrap();
    let old = encrypted(folder.path());
    let form = store(&open(&old), Encoding::Zstd, &sample(1_000), 1_000).await;
    let other = "a5".repeat(32);
    let new = old
        .clone()
        .encrypted("2027a", Setting::Plain(other.clone()));
    let payloads = open(&new);
    assert_eq!(payloads.key(), Some("2027a"));
    assert_eq!(load(&payloads, &form).await.unwrap(), sample(1_000));
    let after = store(&payloads, Encoding::Zstd, &sample(1_000), 1_000).await;
    assert_ne!(form.place, after.place);
    assert_eq!(load(&payloads, &after).await.unwrap(), sample(1_000));
    // Without the old key, and with another under its name.
    let without = plain(folder.path()).encrypted("2027a", Setting::Plain(other.clone()));
    let error = load(&open(&without), &form).await.unwrap_err();
    assert_eq!(error.kind(), Kind::UnknownKey);
    let wrong = plain(folder.path()).encrypted("2026a", Setting::Plain(other));
    let error = load(&open(&wrong), &form).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Altered);
}

#[tokio::test]
async fn what_is_given_up_or_too_large_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = open(&plain(folder.path()));
    let mut writer = payloads.writer(Encoding::Identity, 1_000).await.unwrap();
    writer.write(sample(900)).await.unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    let error = writer.write(sample(101)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
    drop(writer);
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn an_object_that_is_not_there_is_told_from_a_store_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("store");
    let payloads = open(&plain(&at));
    let form = store(&payloads, Encoding::Identity, &sample(10), 10).await;
    std::fs::remove_file(files(&at).pop().unwrap()).unwrap();
    let error = load(&payloads, &form).await.unwrap_err();
    assert_eq!((error.kind(), error.is_passing()), (Kind::Missing, false));
    std::fs::remove_dir_all(&at).unwrap();
    let error = load(&payloads, &form).await.unwrap_err();
    assert_eq!((error.kind(), error.is_passing()), (Kind::Store, true));
}

#[tokio::test]
async fn days_are_swept_once_they_are_older_than_objects_get() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = open(&plain(folder.path()));
    store(&payloads, Encoding::Identity, &sample(10), 10).await;
    std::fs::write(folder.path().join("README"), "not ours").unwrap();
    let in_days = |days: u64| Timestamp::now() + Duration::from_secs(days * 86_400);
    // Seven days and one, and the day itself has to end.
    assert_eq!(payloads.sweep(in_days(8)).await.unwrap(), 0);
    assert_eq!(files(folder.path()).len(), 2);
    // What is under way is not swept.
    let _begun = payloads.writer(Encoding::Identity, 10).await.unwrap();
    assert_eq!(payloads.sweep(Timestamp::now()).await.unwrap(), 0);
    assert_eq!(files(folder.path()).len(), 3);
    assert_eq!(payloads.sweep(in_days(10)).await.unwrap(), 1);
    assert_eq!(files(folder.path()), [folder.path().join("README")]);
    assert!(folder.path().join("kept/691200").exists());
    assert_eq!(payloads.sweep(in_days(10)).await.unwrap(), 0);
}

#[test]
fn objects_do_not_expire_before_what_refers_to_them() {
    let faults = |text: &str| {
        let config: Config = toml::from_str(text).unwrap();
        let faults = config.faults().into_iter();
        let shown = faults.map(|fault| {
            let at = fault.at.and_then(|at| text.get(at)).unwrap_or("-");
            format!("{at} {}", fault.help)
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(faults("folder = \"p\""), [""; 0]);
    assert_eq!(faults("folder = \"p\"\nexpire_after = \"8d\""), [""; 0]);
    assert_eq!(
        faults("folder = \"p\"\nretention = \"30d\"\nexpire_after = \"30d\""),
        ["\"30d\" write \"31d\" or more, or leave expire_after out"]
    );
    assert_eq!(
        faults("folder = \"p\"\nretention = \"forever\"\nexpire_after = \"30d\""),
        ["\"30d\" leave expire_after out"]
    );
    assert_eq!(faults(""), ["- add folder = \"PATH\""]);
    assert_eq!(
        faults("folder = \"p\"\nkey = \"b\"\n[keys]\na = \"hunter2\""),
        [
            "a write \"env:NAME\" or \"file:PATH\"; `openssl rand -hex 32` makes a key",
            "\"b\" add it to [kafka.payload.keys] as ID = \"env:NAME\" or \"file:PATH\"",
        ]
    );
}

fn for_ever(folder: &Path) -> Config {
    toml::from_str(&format!("folder = {folder:?}\nretention = \"forever\"")).unwrap()
}

#[tokio::test]
async fn a_program_that_was_told_less_does_not_remove_what_another_keeps_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let capture = Payloads::open(&for_ever(folder.path())).unwrap();
    let form = store(&capture, Encoding::Identity, &sample(10), 10).await;
    // A gateway, a service or a consumer with the same folder and no `retention`.
    let other = Payloads::open(&plain(folder.path())).unwrap();
    let own = store(&other, Encoding::Identity, &sample(10), 10).await;
    let in_ten_days = Timestamp::now() + Duration::from_secs(10 * 86_400);
    // Its own goes, whoever sweeps.
    assert_eq!(capture.sweep(in_ten_days).await.unwrap(), 1);
    assert_eq!(other.sweep(in_ten_days).await.unwrap(), 0);
    assert_eq!(load(&capture, &form).await.unwrap(), sample(10));
    let error = load(&other, &own).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Missing);
}

#[tokio::test]
async fn objects_that_do_not_say_until_when_are_kept_as_long_as_anyone_keeps_any() {
    let folder = tempfile::tempdir().unwrap();
    let written = |day: &str| {
        let at = folder.path().join(day).join("5f");
        std::fs::create_dir_all(&at).unwrap();
        std::fs::write(at.join("5f0123456789abcdef0123456789abcd"), "x").unwrap();
    };
    let day = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
    let month: Config = toml::from_str(&format!(
        "folder = {:?}\nretention = \"29d\"",
        folder.path()
    ))
    .unwrap();
    let week = open(&plain(folder.path()));
    written("21261123");
    assert_eq!(open(&month).sweep(day("2126-11-24")).await.unwrap(), 0);
    assert_eq!(week.sweep(day("2126-12-23")).await.unwrap(), 0);
    assert_eq!(week.sweep(day("2126-12-24")).await.unwrap(), 1);
    written("21261124");
    let ever = open(&for_ever(folder.path()));
    assert_eq!(ever.sweep(day("2126-11-25")).await.unwrap(), 0);
    drop(ever);
    assert_eq!(week.sweep(day("2199-01-01")).await.unwrap(), 0);
}
