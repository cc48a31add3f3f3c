//! The accounts and groups of this machine, as `/etc/passwd` and `/etc/group` list them.

use std::fs;
use std::sync::LazyLock;

use rustix::process::geteuid;

/// The user that stands for all who have no number in a namespace, unless the system says another.
const OVERFLOW: u32 = 65_534;

/// Returns the name of an account; `None` if it is not listed.
pub(crate) fn account(uid: u32) -> Option<String> {
    name_in(&fs::read_to_string("/etc/passwd").ok()?, uid)
}

/// Describes a user for a message: `eve`, or `user 1001`.
pub(crate) fn described(uid: u32) -> String {
    account(uid).unwrap_or_else(|| format!("user {uid}"))
}

/// Returns whether a number is that of a user who is neither this one nor root, who can do
/// everything anyway.
pub(crate) fn is_another_user(uid: u32) -> bool {
    uid != 0 && uid != geteuid().as_raw() && !is_unknown(uid)
}

/// Returns whether a group is this user's alone, as many systems make one for each account: what
/// such a group may do, no other user may.
pub(super) fn is_own_group(gid: u32) -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    is_group_of(
        geteuid().as_raw(),
        gid,
        &read("/etc/passwd"),
        &read("/etc/group"),
    )
}

/// Returns whether a number may stand for any user, because this process is in a namespace that has
/// numbers only for some.
fn is_unknown(uid: u32) -> bool {
    static UNKNOWN: LazyLock<Option<u32>> = LazyLock::new(|| {
        let map = fs::read_to_string("/proc/self/uid_map").ok()?;
        let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid").unwrap_or_default();
        (!maps_all(&map)).then(|| overflow.trim().parse().unwrap_or(OVERFLOW))
    });
    *UNKNOWN == Some(uid)
}

/// Reads a map of the kernel: the first number inside, the first outside, and how many.
fn maps_all(map: &str) -> bool {
    let numbers = map.split_ascii_whitespace();
    numbers.eq(["0", "0", "4294967295"])
}

fn name_in(list: &str, id: u32) -> Option<String> {
    entries(list).find_map(|entry| match entry.as_slice() {
        [name, _, number, ..] if number.parse() == Ok(id) => Some((*name).to_owned()),
        _ => None,
    })
}

fn is_group_of(uid: u32, gid: u32, accounts: &str, groups: &str) -> bool {
    let (mut is_mine, mut is_of_others) = (false, false);
    for account in entries(accounts) {
        if let [_, _, user, group, ..] = account.as_slice()
            && group.parse() == Ok(gid)
        {
            is_mine |= user.parse() == Ok(uid);
            is_of_others |= user.parse() != Ok(uid);
        }
    }
    let own = name_in(accounts, uid);
    let members = entries(groups).find_map(|group| match group.as_slice() {
        [_, _, number, members] if number.parse() == Ok(gid) => Some((*members).to_owned()),
        _ => None,
    });
    let is_alone = members.is_some_and(|members| {
        let mut members = members.split(',').filter(|name| !name.is_empty());
        members.all(|name| own.as_deref() == Some(name))
    });
    is_mine && !is_of_others && is_alone
}

fn entries(list: &str) -> impl Iterator<Item = Vec<&str>> {
    list.lines().map(|line| line.split(':').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n\
                            eve:x:1001:100::/home/eve:/bin/sh\nbob:x:1002:100::/home/bob:/bin/sh\n";

    #[test]
    fn a_group_is_a_users_own_if_no_other_user_is_in_it() {
        let is_adas = |gid, groups| is_group_of(1000, gid, ACCOUNTS, groups);
        assert!(is_adas(1000, "ada:x:1000:\n"));
        assert!(is_adas(1000, "ada:x:1000:ada\n"));
        assert!(!is_adas(1000, "ada:x:1000:ada,eve\n"), "eve is in it");
        assert!(!is_adas(1000, "other:x:7:\n"), "it is not listed");
        assert!(!is_adas(100, "users:x:100:\n"), "it is not hers");
        assert!(
            !is_group_of(1001, 100, ACCOUNTS, "users:x:100:\n"),
            "it is bob's, too"
        );
    }

    #[test]
    fn an_account_has_a_name() {
        assert_eq!(name_in(ACCOUNTS, 1001), Some("eve".into()));
        assert_eq!(name_in(ACCOUNTS, 7), None);
        assert_eq!(described(4_000_000_007), "user 4000000007");
    }

    #[test]
    fn numbers_are_known_if_all_have_one() {
        assert!(maps_all("         0          0 4294967295\n"));
        assert!(!maps_all("         0       1000          1\n"));
    }
}
