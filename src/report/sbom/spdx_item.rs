//! What an SPDX 3 document is made of, by the names that its JSON has.

use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Document {
    #[serde(rename = "@context")]
    pub(super) context: &'static str,
    #[serde(rename = "@graph")]
    pub(super) graph: Vec<Item>,
}

/// Every element and structure; what one does not have is left out.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    pub(super) node: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spdx_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) creation_info: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spec_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) created_by: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) created_using: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) profile_conformance: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_license: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) root_element: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) element: Vec<String>,
    #[serde(rename = "software_sbomType", skip_serializing_if = "Vec::is_empty")]
    pub(super) sbom_type: Vec<&'static str>,
    #[serde(rename = "software_packageVersion", skip_serializing_if = "Option::is_none")]
    pub(super) package_version: Option<String>,
    #[serde(rename = "software_packageUrl", skip_serializing_if = "Option::is_none")]
    pub(super) package_url: Option<String>,
    #[serde(rename = "software_downloadLocation", skip_serializing_if = "Option::is_none")]
    pub(super) download: Option<String>,
    #[serde(rename = "software_homePage", skip_serializing_if = "Option::is_none")]
    pub(super) home_page: Option<String>,
    #[serde(rename = "software_sourceInfo", skip_serializing_if = "Option::is_none")]
    pub(super) source_info: Option<String>,
    #[serde(rename = "software_primaryPurpose", skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<&'static str>,
    #[serde(rename = "software_additionalPurpose", skip_serializing_if = "Vec::is_empty")]
    pub(super) additional_purpose: Vec<&'static str>,
    #[serde(rename = "software_copyrightText", skip_serializing_if = "Option::is_none")]
    pub(super) copyright: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) release_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) supplied_by: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) originated_by: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) verified_using: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_identifier: Vec<Identifier>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) external_ref: Vec<Reference>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) extension: Vec<Extension>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relationship_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) to: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) completeness: Option<&'static str>,
    #[serde(rename = "simplelicensing_licenseExpression", skip_serializing_if = "Option::is_none")]
    pub(super) expression: Option<String>,
    #[serde(rename = "simplelicensing_licenseText", skip_serializing_if = "Option::is_none")]
    pub(super) license_text: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hash {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) algorithm: &'static str,
    #[serde(rename = "hashValue")]
    pub(super) value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identifier {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) external_identifier_type: &'static str,
    #[serde(rename = "identifier")]
    pub(super) value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) external_ref_type: &'static str,
    pub(super) locator: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Extension {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "extension_cdxProperty")]
    pub(super) properties: Vec<Entry>,
}

#[derive(Serialize)]
pub(super) struct Entry {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    #[serde(rename = "extension_cdxPropName")]
    pub(super) name: String,
    #[serde(rename = "extension_cdxPropValue")]
    pub(super) value: String,
}
