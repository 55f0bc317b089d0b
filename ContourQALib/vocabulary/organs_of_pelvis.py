"""Organs of the pelvis, spine, bones, and targets: TG-263 names, and those of several languages."""

from __future__ import annotations

from ContourQALib.vocabulary.organ import Organ

PELVIS = (
    Organ(
        "Bladder",
        "urinary bladder, vesica urinaria, harnblase, blase, vessie, vescica, vejiga, blaas, bexiga",
    ),
    Organ(
        "Bladder_Wall",
        "wall bladder, blasenwand, harnblasenwand, paroi vésicale, parete vescica, pared vesical",
    ),
    Organ("Rectum", "rektum, mastdarm, enddarm, retto, recto, endeldarm"),
    Organ("Rectal_Wall", "rectum wall, wall rectum, rektumwand, paroi rectale, parete rettale, pared rectal"),
    Organ("Anus"),
    Organ("Canal_Anal", "anal canal, analkanal, canalis analis, canal anal, canale anale, anaal kanaal"),
    Organ("Sphincter_Anal", "anal sphincter, sphincter ani, analsphinkter, sphincter anal, sfintere anale"),
    Organ("Prostate", "prostata, próstata, prostaat"),
    Organ("ProstateBed", "prostate bed, prostatic bed, prostatabett, prostataloge, loge prostatique"),
    Organ(
        "SeminalVes",
        "seminal vesicle, seminal vesicles, seminalvesicle, sem vesicles, sem ves, vesicula seminalis,"
        " vesiculae seminales, samenblase, samenblasen, samenbläschen, vésicule séminale,"
        " vésicules séminales, vescicola seminale, vescicole seminali, vescichette seminali,"
        " vesículas seminales, zaadblazen, zaadblaasjes",
    ),
    Organ("SeminalVes_Prox", "proximal seminal vesicles, proximal seminal vesicle, proximale samenblasen"),
    Organ("SeminalVes_Dist", "distal seminal vesicles, distal seminal vesicle, distale samenblasen"),
    Organ(
        "PenileBulb",
        "bulb of penis, penis bulb, bulb penile, bulbus penis, penisbulbus, bulbe pénien, bulbe du pénis,"
        " bulbo penieno, bulbo del pene, bulbo penis, bulbo peneano",
    ),
    Organ("Penis", "pénis, pene"),
    Organ("Scrotum", "hodensack, scroto"),
    Organ(
        "Testis",
        "testicle, hoden, testicule, testicolo, testículo, teelbal",
        "Testes",
        "testicles, testicoli",
    ),
    Organ("Urethra", "harnröhre, urètre, uretra, plasbuis"),
    Organ(
        "Urethra_Prostatc",
        "prostatic urethra, urethra prostatica, prostatische harnröhre, urètre prostatique",
    ),
    Organ("Ureter", "harnleiter, uretère, uretere, uréter", "Ureters", "harnleiter beide, uretères, ureteri"),
    Organ("Uterus", "womb, gebärmutter, utérus, utero, útero, baarmoeder"),
    Organ(
        "Cervix",
        "cervix uteri, uterine cervix, zervix, gebärmutterhals, col utérin, col de l'utérus, cervice,"
        " cervice uterina, cuello uterino, baarmoederhals",
    ),
    Organ("Vagina", "scheide, vagin"),
    Organ("VaginalCuff", "vaginal cuff, scheidenstumpf"),
    Organ("Vulva", "vulve"),
    Organ("Parametrium", "parametria, parametrien, paramètre, parametrio"),
    Organ(
        "Ovary",
        "ovarium, ovar, eierstock, ovaire, ovaio, ovario, eierstok",
        "Ovaries",
        "ovarien, ovaires, ovaie",
    ),
    Organ("Perineum", "damm, périnée, perineo"),
    Organ("Genitals", "genitalia, genitalien, external genitalia, organes génitaux, genitali, genitales"),
    Organ(
        "SacralPlex",
        "sacral plexus, plexus sacralis, plexus sacral, plexus sacré, plesso sacrale",
        "SacralPlexs",
    ),
    Organ("PubicSymphys", "pubic symphysis, symphysis pubica, symphyse, symphysis, sinfisi pubica"),
)

SPINE = (
    Organ(
        "SpinalCord",
        "cord, spinal cord, myelon, myelum, rückenmark, medulla spinalis, moelle, moelle épinière,"
        " midollo, midollo spinale, médula, médula espinal, ruggenmerg, ruggemerg",
    ),
    Organ("SpinalCord_Cerv", "cervical spinal cord, cervical cord, spinal cord cervical, zervikalmark"),
    Organ("SpinalCord_Thor", "thoracic spinal cord, thoracic cord, spinal cord thoracic, thorakalmark"),
    Organ("SpinalCord_Lum", "lumbar spinal cord, spinal cord lumbar"),
    Organ(
        "SpinalCanal",
        "spinal canal, vertebral canal, spinalkanal, wirbelkanal, canalis vertebralis, canal rachidien,"
        " canal médullaire, canale spinale, canale midollare, canale vertebrale, canal espinal,"
        " canal medular, canal raquídeo, wervelkanaal",
    ),
    Organ("ThecalSac", "thecal sac, dural sac, duralsack, thekalsack, sac dural, sacco durale"),
    Organ("CaudaEquina", "cauda equina, cauda, queue de cheval, cola de caballo"),
    Organ("Sacrum", "sacral bone, os sacrum, kreuzbein, sacro, heiligbeen"),
)

BONES = (
    Organ("Acetabulum", "hüftpfanne, azetabulum, acetabulo", "Acetabulums", "acetabula, hüftpfannen"),
    Organ(
        "Bone_Pelvic", "pelvic bone, pelvic bones, bony pelvis, beckenknochen, os pelviens", "Bone_Pelvics"
    ),
    Organ("Bone_Ilium", "ilium, os ilium, darmbein", "Bone_Iliums"),
    Organ("BoneMarrow", "bone marrow, knochenmark, moelle osseuse, midollo osseo, médula ósea, beenmerg"),
    Organ("Clavicle", "clavicula, klavikula, schlüsselbein, clavicule, clavicola, sleutelbeen", "Clavicles"),
    Organ(
        "Femur",
        "femur bone, os femoris, oberschenkelknochen, fémur, femore, dijbeen",
        "Femurs",
        "femora, fémurs, femori",
    ),
    Organ(
        "Femur_Head",
        "femoral head, femurhead, head of femur, head femur, fem head, caput femoris, femurkopf,"
        " oberschenkelkopf, hüftkopf, tête fémorale, tête fém, tete fem, testa femorale, testa del femore,"
        " testa femore, cabeza femoral, cabeza de fémur, cabeza fémur, femurkop, heupkop",
        "Femur_Heads",
        "femoral heads, femurheads, femurköpfe, hüftköpfe, têtes fémorales, teste femorali,"
        " cabezas femorales, femurkoppen, heupkoppen",
    ),
    Organ(
        "Femur_Neck", "femoral neck, neck of femur, schenkelhals, col fémoral, collo femorale", "Femur_Necks"
    ),
    Organ("Humerus", "oberarmknochen, humérus, omero, húmero, opperarmbeen", "Humeri", "humeruses"),
    Organ(
        "Humerus_Head",
        "humeral head, humerushead, head of humerus, humeruskopf, caput humeri, tête humérale, testa omerale",
        "Humerus_Heads",
        "humeral heads, humerusköpfe",
    ),
    Organ("Scapula", "shoulder blade, schulterblatt, omoplate, scapola, escápula, schouderblad", "Scapulas"),
    Organ("Rib", "rippe, côte, costola, costilla", "Ribs", "rippen, côtes, costole, costillas, ribben"),
    Organ("Skull", "schädel, crâne, cranio, cráneo, schedel"),
)

WHOLE_BODY = (
    Organ("Skin", "haut, cutis, peau, pelle, piel, huid"),
    Organ("Body", "körper, corps, corpo, cuerpo, lichaam"),
    Organ("External", "external contour, outer contour, außenkontur, contour externe, contorno esterno"),
)

TARGETS = (
    Organ("GTV", "gross tumor volume, gross tumour volume"),
    Organ("GTVp", "gtv primary, gtv primarius, gtv tumor, gtv t"),
    Organ("GTVn", "gtv node, gtv nodes, gtv nodal, gtv ln, gtv n"),
    Organ("CTV", "clinical target volume"),
    Organ("CTVp", "ctv primary"),
    Organ("CTVn", "ctv node, ctv nodes, ctv nodal, ctv n"),
    Organ("ITV", "internal target volume"),
    Organ("PTV", "planning target volume"),
    Organ("PTVp", "ptv primary"),
    Organ("PTVn", "ptv node, ptv nodes, ptv nodal, ptv n"),
)
"""Targets by their plain names. One with a number or a dose (CTV_50, PTV1) has no other name than its own."""

OF_ONE_SIDE = (("Femur_Head_L", "tfg"), ("Femur_Head_R", "tfd"))
"""Names that say the side by a letter of their own: tête fémorale gauche, droite."""

_REGIONS = (("C", 7, "cervical"), ("T", 12, "thoracic"), ("L", 5, "lumbar"), ("S", 5, "sacral"))

VERTEBRAE = tuple(
    Organ(
        f"VB_{letter}{number}",
        f"vertebra {letter}{number}, vertebrae {letter}{number}, {letter}{number} vertebra,"
        f" vertebral body {letter}{number}, {region} vertebra {number}, wirbel {letter}{number},"
        f" wirbelkörper {letter}{number}, wk {letter}{number}, vertèbre {letter}{number}",
    )
    for letter, count, region in _REGIONS
    for number in range(1, count + 1)
)

RIBS = tuple(
    Organ(
        f"Rib{number:02d}", f"rib{number}, rib {number}, rippe {number}, côte {number}", f"Rib{number:02d}s"
    )
    for number in range(1, 13)
)
