//! The words the sample company's data is made of. Substances are common generic names; people, customers and users are
//! invented.

pub(crate) const SUBSTANCES: &[&str] = &[
    "Ibuprofen",
    "Paracetamol",
    "Metformin",
    "Amlodipine",
    "Ramipril",
    "Omeprazole",
    "Sertraline",
    "Atorvastatin",
    "Bisoprolol",
    "Levothyroxine",
    "Morphine sulfate",
    "Fentanyl citrate",
    "Insulin glargine",
    "Amoxicillin",
];
pub(crate) const GRADES: &[&str] = &["Ph.Eur.", "USP", "micronised", "DC grade", "low endotoxin"];
pub(crate) const FORMS: &[&str] = &[
    "film-coated tabs",
    "capsules",
    "oral solution",
    "sol. f. inj.",
];
pub(crate) const PACKAGING: &[&str] = &[
    "Blister foil PVC/PVDC 250 µm",
    "Folding box 60x40x20",
    "Vial 10 ml type I",
    "Rubber stopper 20 mm, grey",
    "Leaflet DE/FR/IT",
    "Étiquette flacon 10 ml",
    "Shipper carton 12",
];
pub(crate) const HAZARDS: &[&str] = &[
    "H225", "H301", "H302", "H315", "H318", "H334", "H360", "H400",
];
pub(crate) const USERS: &[&str] = &["MBAUER", "JDUPONT", "KSATO", "AROSSI", "LNOVAK", "BATCH01"];
pub(crate) const SUPPLIERS: &[&str] = &[
    "Alpenchem AG",
    "Société Lumen",
    "Nordfarma ApS",
    "Kestrel Fine Chem",
    "Año Nuevo Química",
    "",
];
pub(crate) const LABORATORIES: &[&str] = &["QC-BSL", "QC-LYO", "QC-EXT"];
pub(crate) const METHODS: &[&str] = &["HPLC-0412", "KF-0031", "UV-0107", "DISS-0220", "MICRO-0009"];
pub(crate) const QUALIFIED_PERSONS: &[(&str, &str)] = &[
    ("Dr. Jörg Müller", "QP000017"),
    ("Hélène Girard", "QP000023"),
    ("Søren Østergård", "QP000031"),
    ("Ana Ibáñez", "QP000044"),
];
pub(crate) const MARKETS: &[&str] = &["DE", "FR", "IT", "CH", "AT", "ES", "PL", "JP", "US", "CA"];
/// Test, unit, lower and upper limit in ten-thousandths.
pub(crate) const TESTS: &[(&str, &str, i64, i64)] = &[
    ("ASSAY", "%", 95_0000, 105_0000),
    ("WATER", "%", 0, 5000),
    ("PH", "", 6_5000, 7_5000),
    ("DISSO", "%", 80_0000, 110_0000),
    ("HARDN", "N", 60_0000, 140_0000),
    ("ENDOTX", "EU", 0, 2500),
    ("ROTAT", "deg", -12_5000, -10_0000),
];
pub(crate) const CUSTOMERS: &[(&str, &str, &str)] = &[
    (
        "Löwen-Apotheke Köln",
        "DE",
        "einkauf@loewen-apotheke.example",
    ),
    (
        "Pharmacie du Château",
        "FR",
        "commande@pharmacie-chateau.example",
    ),
    (
        "Hôpital Saint-Exupéry",
        "FR",
        "achats@hopital-st-ex.example",
    ),
    (
        "Farmacia San Martín",
        "ES",
        "pedidos@farmacia-sanmartin.example",
    ),
    (
        "Universitätsspital Zürich Nord",
        "CH",
        "bestellung@usz-nord.example",
    ),
    ("Grossisten Nordvästra AB", "SE", "order@nordvastra.example"),
    ("Ospedale Santa Lucia", "IT", "acquisti@santalucia.example"),
];
pub(crate) const NOTES: &[&str] = &[
    "",
    "",
    "",
    "Cold chain, data logger",
    "Freight 25,00 €",
    "Deliver 07-09 h",
    "Urgence n° 3, ward B",
];
