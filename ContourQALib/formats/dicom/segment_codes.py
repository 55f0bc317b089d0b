"""Codes of structures by their standard names, for segments (PS3.16 CID 7150, 7151, 9502, 9534).

Only codes that PS3.16 lists. A structure without one is an anatomical structure; its name says the rest.
"""

from __future__ import annotations

import re

from ContourQALib.formats.dicom.segment_terminology import Code, SegmentCodes
from ContourQALib.vocabulary.default import ORGANS as VOCABULARY
from ContourQALib.vocabulary.default import standard_name

ANATOMY = Code("91723000", "SCT", "Anatomical Structure")
TARGET = Code("130041", "DCM", "RT Target")

LEFT, RIGHT = Code("7771000", "SCT", "Left"), Code("24028007", "SCT", "Right")
BOTH = Code("51440002", "SCT", "Bilateral")

TARGET_NAME = re.compile(r"(GTV|CTV|ITV|PTV)(?:[ _-]?([PN])(?![A-Z]))?", re.IGNORECASE)
"""How names of targets begin; a P or N alone stands for primary tumor or nodes: PTV_6000, GTVp, CTV n1."""

TARGETS = {
    "GTV": Code("228791009", "SCT", "GTV"),
    "GTVP": Code("130052", "DCM", "GTV Primary"),
    "GTVN": Code("130051", "DCM", "GTV Nodal"),
    "CTV": Code("228792002", "SCT", "CTV"),
    "CTVP": Code("130050", "DCM", "CTV Primary"),
    "CTVN": Code("130049", "DCM", "CTV Nodal"),
    "ITV": Code("130056", "DCM", "ITV"),
    "PTV": Code("228793007", "SCT", "PTV"),
    "PTVP": Code("130054", "DCM", "PTV Primary"),
    "PTVN": Code("130053", "DCM", "PTV Nodal"),
}

OUTLINE = Code("130047", "DCM", "External Body Model")
"""Of the structure External, the patient's outline."""

ORGANS = {
    "A_Aorta": ("15825003", "Aorta"),
    "A_Aorta_Asc": ("54247002", "Ascending aorta"),
    "A_Carotid": ("69105007", "Carotid Artery"),
    "A_Coronary": ("41801008", "Coronary artery"),
    "A_LAD": ("59438005", "Left Anterior Descending Coronary Artery"),
    "A_Mesenteric_I": ("33795007", "Inferior mesenteric artery"),
    "A_Mesenteric_S": ("42258001", "Superior mesenteric artery"),
    "A_Pulmonary": ("81040000", "Pulmonary artery"),
    "A_Subclavian": ("36765005", "Subclavian artery"),
    "Acetabulum": ("37783008", "Acetabulum"),
    "Anus": ("53505006", "Anus"),
    "Appendix": ("66754008", "Appendix"),
    "Atrium": ("59652004", "Atrium"),
    "BileDuct_Common": ("79741001", "Common bile duct"),
    "Bladder": ("89837001", "Bladder"),
    "BoneMarrow": ("14016003", "Bone Marrow"),
    "Bone_Hyoid": ("21387005", "Hyoid bone"),
    "Bone_Ilium": ("22356005", "Ilium"),
    "Bone_Mandible": ("91609006", "Mandible"),
    "Bowel_Large": ("14742008", "Large intestine"),
    "Bowel_Small": ("30315005", "Small intestine"),
    "BrachialPlex": ("36582005", "Brachial plexus"),
    "Brain": ("12738006", "Brain"),
    "Brainstem": ("119238007", "Brain Stem"),
    "Breast": ("76752008", "Breast"),
    "Bronchus": ("955009", "Bronchus"),
    "Carina": ("28700002", "Carina"),
    "Cavity_Nasal": ("279549004", "Nasal cavity"),
    "Cavity_Oral": ("74262004", "Oral cavity"),
    "Cecum": ("32713005", "Cecum"),
    "Cerebellum": ("113305005", "Cerebellum"),
    "Cervix": ("71252005", "Cervix"),
    "Clavicle": ("51299004", "Clavicle"),
    "Colon": ("71854001", "Colon"),
    "Colon_Ascending": ("9040008", "Ascending colon"),
    "Colon_Decending": ("32622004", "Descending colon"),
    "Colon_Sigmoid": ("60184004", "Sigmoid colon"),
    "Colon_Transverse": ("485005", "Transverse colon"),
    "Cornea": ("28726007", "Cornea"),
    "Diaphragm": ("5798000", "Diaphragm"),
    "Duodenum": ("38848004", "Duodenum"),
    "Ear_External": ("28347008", "External ear"),
    "Ear_Internal": ("22945000", "Inner ear"),
    "Ear_Middle": ("25342003", "Middle ear"),
    "Esophagus": ("32849002", "Esophagus"),
    "Eye": ("81745001", "Eye"),
    "Femur": ("71341001", "Femur"),
    "Femur_Head": ("2812003", "Head of Femur"),
    "Gallbladder": ("28231008", "Gallbladder"),
    "Glnd_Adrenal": ("23451007", "Adrenal gland"),
    "Glnd_Lacrimal": ("13561001", "Lacrimal gland"),
    "Glnd_Parathyroid": ("111002", "Parathyroid"),
    "Glnd_Submand": ("54019009", "Submandibular gland"),
    "Glnd_Thyroid": ("69748006", "Thyroid"),
    "Glottis": ("1307006", "Glottis"),
    "Heart": ("80891009", "Heart"),
    "Hippocampus": ("5366008", "Hippocampus"),
    "Humerus": ("85050009", "Humerus"),
    "Ileum": ("34516001", "Ileum"),
    "Jejunum": ("21306003", "Jejunum"),
    "Joint_TM": ("53620006", "Temporomandibular joint"),
    "Kidney": ("64033007", "Kidney"),
    "Kidney_Pelvis": ("25990002", "Renal pelvis"),
    "Larynx": ("4596009", "Larynx"),
    "Larynx_SG": ("119255006", "Supraglottis"),
    "Lens": ("78076003", "Lens"),
    "Lips": ("48477009", "Lip"),
    "Liver": ("10200004", "Liver"),
    "Lobe_Frontal": ("83251001", "Frontal lobe"),
    "Lobe_Occipital": ("31065004", "Occipital lobe"),
    "Lobe_Parietal": ("16630005", "Parietal lobe"),
    "Lobe_Temporal": ("78277001", "Temporal lobe"),
    "Lung": ("39607008", "Lung"),
    "Maxilla": ("70925003", "Maxilla"),
    "Mediastinum": ("72410000", "Mediastinum"),
    "Nasopharynx": ("360955006", "Nasopharynx"),
    "OpticChiasm": ("244453006", "Optic chiasm"),
    "OpticNrv": ("18234004", "Optic nerve"),
    "Orbit": ("363654007", "Orbital structure"),
    "Oropharynx": ("31389004", "Oropharynx"),
    "Ovary": ("15497006", "Ovary"),
    "Palate_Soft": ("49460000", "Soft palate"),
    "Pancreas": ("15776009", "Pancreas"),
    "Parotid": ("45289007", "Parotid gland"),
    "Penis": ("18911002", "Penis"),
    "Pericardium": ("76848001", "Pericardium"),
    "Perineum": ("38864007", "Perineum"),
    "Pharynx": ("54066008", "Pharynx"),
    "Pineal": ("45793000", "Pineal Gland"),
    "Pituitary": ("56329008", "Pituitary"),
    "Prostate": ("41216001", "Prostate"),
    "Rectum": ("34402009", "Rectum"),
    "Retina": ("5665001", "Retina"),
    "Rib": ("113197003", "Rib"),
    "Sacrum": ("54735007", "Sacrum"),
    "Scapula": ("79601000", "Scapula"),
    "Scrotum": ("20233005", "Scrotum"),
    "SeminalVes": ("64739004", "Seminal Vesicle"),
    "Skin": ("39937001", "Skin"),
    "Skull": ("89546000", "Skull"),
    "SpinalCanal": ("61853006", "Vertebral canal"),
    "SpinalCord": ("2748008", "Spinal cord"),
    "Spleen": ("78961009", "Spleen"),
    "Stomach": ("69695003", "Stomach"),
    "Testis": ("40689003", "Testis"),
    "Tongue": ("21974007", "Tongue"),
    "Tongue_Base": ("47975008", "Base of tongue"),
    "Trachea": ("44567001", "Trachea"),
    "Ureter": ("87953007", "Ureter"),
    "Urethra": ("13648007", "Urethra"),
    "Urethra_Prostatc": ("71553001", "Prostatic Urethra"),
    "Uterus": ("35039007", "Uterus"),
    "VB_C1": ("14806007", "C1 vertebra"),
    "VB_C2": ("39976000", "C2 vertebra"),
    "VB_C3": ("113205007", "C3 vertebra"),
    "VB_C4": ("5329002", "C4 vertebra"),
    "VB_C5": ("36978003", "C5 vertebra"),
    "VB_C6": ("36054005", "C6 vertebra"),
    "VB_C7": ("87391001", "C7 vertebra"),
    "VB_L1": ("66794005", "L1 vertebra"),
    "VB_L2": ("14293000", "L2 vertebra"),
    "VB_L3": ("36470004", "L3 vertebra"),
    "VB_L4": ("11994002", "L4 vertebra"),
    "VB_L5": ("49668003", "L5 vertebra"),
    "VB_T1": ("64864005", "T1 vertebra"),
    "VB_T2": ("53733008", "T2 vertebra"),
    "VB_T3": ("1626008", "T3 vertebra"),
    "VB_T4": ("73071006", "T4 vertebra"),
    "VB_T5": ("56401006", "T5 vertebra"),
    "VB_T6": ("45296009", "T6 vertebra"),
    "VB_T7": ("62487009", "T7 vertebra"),
    "VB_T8": ("11068009", "T8 vertebra"),
    "VB_T9": ("82687006", "T9 vertebra"),
    "VB_T10": ("7610001", "T10 vertebra"),
    "VB_T11": ("12989004", "T11 vertebra"),
    "VB_T12": ("23215003", "T12 vertebra"),
    "V_Portal": ("32764006", "Portal vein"),
    "V_Pulmonary": ("122972007", "Pulmonary vein"),
    "V_Subclavian": ("9454009", "Subclavian vein"),
    "V_Venacava_I": ("64131007", "Inferior vena cava"),
    "V_Venacava_S": ("48345005", "Superior vena cava"),
    "Vagina": ("76784001", "Vagina"),
    "Valve_Aortic": ("34202007", "Aortic Valve"),
    "Valve_Mitral": ("91134007", "Mitral Valve"),
    "Valve_Pulmonic": ("39057004", "Pulmonary valve"),
    "Valve_Tricuspid": ("46030003", "Tricuspid valve"),
    "Ventricle": ("21814001", "Ventricle"),
    "Vulva": ("45292006", "Vulva"),
}
"""SNOMED CT code and meaning of organs, by their names in TG-263 without a side."""


SIDED = {
    **{f"{organ}_{side}": (organ, code) for organ in ORGANS for side, code in (("L", LEFT), ("R", RIGHT))},
    **{organ.both: (organ.standard, BOTH) for organ in VOCABULARY if organ.both},
}
"""Organ and side of the names that say one: Parotid_L, Parotids."""


def codes_named(name: str) -> SegmentCodes:
    """The codes of a structure, by its name in any spelling that the vocabulary knows.

    Returns:
        Those of its organ and side, or of its kind of target, else those of an anatomical structure.
    """
    target = TARGET_NAME.match(name)
    if target:
        kind = target[1].upper()
        return SegmentCodes(TARGET, TARGETS.get(kind + (target[2] or "").upper(), TARGETS[kind]))
    standard = standard_name(name) or name
    if standard == "External":
        return SegmentCodes(ANATOMY, OUTLINE)
    organ, side = SIDED.get(standard, (standard, None))
    if organ not in ORGANS:
        return SegmentCodes(ANATOMY, ANATOMY)
    value, meaning = ORGANS[organ]
    return SegmentCodes(ANATOMY, Code(value, "SCT", meaning), side)
