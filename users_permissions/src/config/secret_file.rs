//! The secret of developers who have set none: made once, and kept in a file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use super::SigningKeys;

impl SigningKeys {
    /// Reads the development secret from `path`, or makes one there that only its owner may read.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn load_or_generate(path: &Path) -> io::Result<Self> {
        let text = match look(path)? {
            Some(text) => text,
            None => generate(path)?,
        };
        Self::parse(text.trim()).map_err(|error| invalid(&error.to_string()))
    }
}

/// What lies there already.
fn look(path: &Path) -> io::Result<Option<String>> {
    match File::open(path) {
        Ok(mut file) => {
            // Waits for whoever is writing it. Where files cannot be locked, it is read as it is.
            let _ = file.lock_shared();
            let text = read(&mut file)?;
            #[cfg(unix)]
            if text.is_some() {
                close_to_others(&file, path);
            }
            Ok(text)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes a secret that others may read away from them: as it is development's own, that is no reason not to start.
#[cfg(unix)]
fn close_to_others(file: &File, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let is_open = |metadata: std::fs::Metadata| {
        metadata.is_file() && metadata.permissions().mode() & 0o077 != 0
    };
    if !file.metadata().is_ok_and(is_open) {
        return;
    }
    match file.set_permissions(std::fs::Permissions::from_mode(0o600)) {
        Ok(()) => tracing::warn!(
            file = %path.display(),
            "the development secret was open to others and is its owner's alone now; delete the file for a new one"
        ),
        Err(error) => tracing::warn!(
            file = %path.display(),
            %error,
            "the development secret is open to others and cannot be closed to them"
        ),
    }
}

/// Writes a new secret, unless another process is quicker: then its secret counts.
fn generate(path: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let _ = file.lock();
    if let Some(text) = read(&mut file)? {
        return Ok(text);
    }
    if !file.metadata()?.is_file() {
        return Err(invalid("is no file"));
    }
    // An empty one may be anybody's to read.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let bytes: [u8; 48] = rand::random();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    tracing::warn!(
        file = %path.display(),
        "JWT_SECRET is not set: a secret was generated for development; set JWT_SECRET in production"
    );
    Ok(text)
}

/// Nothing where the file is empty: whoever made it was ended before it had written.
fn read(file: &mut File) -> io::Result<Option<String>> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((!text.trim().is_empty()).then_some(text))
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn those_who_start_at_once_have_one_secret() {
        let directory = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let path = directory.path().join(format!("secret-{round}"));
            if round % 2 == 1 {
                // As it is left by a process that was killed.
                std::fs::write(&path, "").unwrap();
            }
            let together = Barrier::new(8);
            let start = || {
                together.wait();
                SigningKeys::load_or_generate(&path).unwrap()
            };
            let all: Vec<SigningKeys> = std::thread::scope(|scope| {
                let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
                starts
                    .into_iter()
                    .map(|start| start.join().unwrap())
                    .collect()
            });
            assert!(all.iter().all(|keys| *keys == all[0]));
            assert_eq!(SigningKeys::load_or_generate(&path).unwrap(), all[0]);
            assert_eq!(all[0].signing().secret.expose().len(), 96);
        }
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;

        let directory = tempfile::tempdir().unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let new = directory.path().join("new");
        let empty = directory.path().join("empty");
        std::fs::write(&empty, "\n").unwrap();
        for path in [&new, &empty] {
            SigningKeys::load_or_generate(path).unwrap();
            assert_eq!(mode(path), 0o600, "{}", path.display());
        }
        let text = "a-secret-that-somebody-has-copied-here";
        for (before, after) in [
            (0o644, 0o600),
            (0o640, 0o600),
            (0o604, 0o600),
            (0o620, 0o600),
            (0o600, 0o600),
            (0o400, 0o400),
        ] {
            let path = directory.path().join(format!("copied-{before:o}"));
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(before)).unwrap();
            let keys = SigningKeys::load_or_generate(&path).unwrap();
            assert_eq!(keys.signing().secret.expose(), text);
            assert_eq!(mode(&path), after, "{before:o}");
        }
        assert!(SigningKeys::load_or_generate(directory.path()).is_err());
        assert!(SigningKeys::load_or_generate(Path::new("/dev/null")).is_err());
    }
}
