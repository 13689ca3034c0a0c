use super::*;

#[test]
fn an_address_is_host_port_and_perhaps_a_path() {
    let config = Config::at("http://[::1]:90/erp/").unwrap();
    assert_eq!(
        (config.authority.as_str(), config.base.as_str()),
        ("[::1]:90", "/erp")
    );
    assert_eq!(Config::at("http://cics").unwrap().base, "");
    for (address, fault) in [
        ("cics:90", AddressFault::Malformed),
        ("https://cics", AddressFault::Scheme),
        ("http://me:secret@cics", AddressFault::Extra),
        ("http://cics/?x", AddressFault::Extra),
        ("http://ci cs/", AddressFault::Malformed),
    ] {
        assert_eq!(Config::at(address).unwrap_err(), fault, "{address}");
    }
}
