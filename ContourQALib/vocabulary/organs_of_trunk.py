"""Organs of thorax and abdomen: TG-263 names, and what they are called in several languages."""

from __future__ import annotations

from ContourQALib.vocabulary.organ import Organ

THORAX = (
    Organ(
        "Lung",
        "lunge, lungenflügel, pulmo, poumon, polmone, pulmón, long",
        "Lungs",
        "lungs total, lung total, total lung, total lungs, lungen, lunge gesamt, gesamtlunge,"
        " poumons, polmoni, pulmones, longen",
    ),
    Organ("Lung_LLL", "lll, left lower lobe, lung lower lobe left, left lung lower lobe, linker unterlappen"),
    Organ("Lung_LUL", "lul, left upper lobe, lung upper lobe left, left lung upper lobe, linker oberlappen"),
    Organ(
        "Lung_RLL", "rll, right lower lobe, lung lower lobe right, right lung lower lobe, rechter unterlappen"
    ),
    Organ("Lung_RML", "rml, right middle lobe, lung middle lobe right, right lung middle lobe, mittellappen"),
    Organ(
        "Lung_RUL", "rul, right upper lobe, lung upper lobe right, right lung upper lobe, rechter oberlappen"
    ),
    Organ("Heart", "whole heart, herz, cor, cœur, coeur, cuore, corazón, hart"),
    Organ("Pericardium", "perikard, herzbeutel, péricarde, pericardio, hartzakje"),
    Organ("Atrium", "heart atrium, atrium cordis, vorhof, oreillette, boezem", "Atria", "atriums, vorhöfe"),
    Organ(
        "Ventricle",
        "heart ventricle, cardiac ventricle, ventricle of heart, herzkammer, ventricule cardiaque",
        "Ventricles",
        "heart ventricles, herzkammern",
    ),
    Organ(
        "A_Coronary", "coronary artery, koronararterie, artère coronaire", "A_Coronarys", "coronary arteries"
    ),
    Organ(
        "A_LAD",
        "lad, lad artery, left anterior descending, left anterior descending artery,"
        " left anterior descending coronary artery, riva, ramus interventricularis anterior,"
        " interventriculaire antérieure",
    ),
    Organ("Valve_Aortic", "aortic valve, aortenklappe, valve aortique"),
    Organ("Valve_Mitral", "mitral valve, mitralklappe, valve mitrale"),
    Organ("Valve_Tricuspid", "tricuspid valve, trikuspidalklappe, valve tricuspide"),
    Organ("Valve_Pulmonic", "pulmonary valve, pulmonic valve, pulmonalklappe, valve pulmonaire"),
    Organ("GreatVes", "great vessels, great vessel, große gefäße, gros vaisseaux, grandi vasi, grote vaten"),
    Organ("A_Aorta", "aorta, aorte"),
    Organ("A_Aorta_Asc", "ascending aorta, aorta ascendens, aorta ascending, aorte ascendante"),
    Organ(
        "A_Pulmonary",
        "pulmonary artery, arteria pulmonalis, a pulmonalis, pulmonalarterie, artère pulmonaire",
    ),
    Organ("V_Pulmonary", "pulmonary vein, pulmonary veins, vena pulmonalis, lungenvene, veine pulmonaire"),
    Organ(
        "V_Venacava_S",
        "superior vena cava, vena cava superior, vena cava sup, svc, vcs, obere hohlvene,"
        " veine cave supérieure, vena cava superiore",
    ),
    Organ(
        "V_Venacava_I",
        "inferior vena cava, vena cava inferior, vena cava inf, ivc, vci, untere hohlvene,"
        " veine cave inférieure, vena cava inferiore",
    ),
    Organ("A_Subclavian", "subclavian artery, arteria subclavia, a subclavia", "A_Subclavians"),
    Organ("V_Subclavian", "subclavian vein, vena subclavia, v subclavia", "V_Subclavians"),
    Organ("Trachea", "windpipe, luftröhre, trachée, tráquea, luchtpijp"),
    Organ("Carina", "carina of trachea, carina tracheae, carène"),
    Organ(
        "Bronchus", "bronchial tree, bronchie, bronche, bronco, bronquio", "Bronchi", "bronchien, bronches"
    ),
    Organ(
        "Bronchus_Main", "main bronchus, hauptbronchus, bronche souche, bronco principale", "Bronchus_Mains"
    ),
    Organ(
        "Esophagus",
        "oesophagus, ösophagus, œsophagus, speiseröhre, œsophage, oesophage, esofago, esófago, slokdarm",
    ),
    Organ("Esophagus_S", "cervical esophagus, upper esophagus, cervical oesophagus, zervikaler ösophagus"),
    Organ(
        "Breast",
        "mamma, brust, brustdrüse, sein, mammella, mama, borst",
        "Breasts",
        "mammae, brüste, seins, mammelle, mamas, borsten",
    ),
    Organ(
        "Chestwall",
        "chest wall, thoracic wall, thoraxwand, brustwand, paroi thoracique, parete toracica, pared torácica,"
        " borstwand",
        "Chestwalls",
        "chest walls",
    ),
    Organ("Mediastinum", "mediastin, médiastin, mediastino"),
    Organ("Diaphragm", "zwerchfell, diaphragme, diaframma, diafragma, middenrif"),
)

ABDOMEN = (
    Organ("Liver", "leber, hepar, foie, fegato, hígado, lever"),
    Organ("Gallbladder", "gall bladder, gallenblase, vésicule biliaire, cistifellea, colecisti, galblaas"),
    Organ("BileDuct_Common", "common bile duct, cbd, choledochus, ductus choledochus, cholédoque, coledoco"),
    Organ("Stomach", "magen, estomac, stomaco, estómago, maag"),
    Organ("Spleen", "milz, lien, splen, rate, milza, bazo, milt"),
    Organ("Pancreas", "pankreas, bauchspeicheldrüse, pancréas, páncreas, alvleesklier"),
    Organ("Pancreas_Head", "pancreatic head, head of pancreas, pankreaskopf, tête du pancréas"),
    Organ("Pancreas_Tail", "pancreatic tail, tail of pancreas, pankreasschwanz, queue du pancréas"),
    Organ(
        "Kidney",
        "niere, ren, rein, rene, riñón, nier",
        "Kidneys",
        "nieren, kidneys total, total kidney, reins, reni, riñones",
    ),
    Organ("Kidney_Cortex", "renal cortex, kidney cortex, nierenrinde, cortex rénal", "Kidney_Cortexs"),
    Organ("Kidney_Pelvis", "renal pelvis, nierenbecken, bassinet, pyelon", "Kidney_Pelvises"),
    Organ(
        "Glnd_Adrenal",
        "adrenal, adrenal gland, adrenal gl, suprarenal gland, nebenniere, glandula suprarenalis, surrénale,"
        " glande surrénale, surrene, suprarrenal, bijnier",
        "Glnd_Adrenals",
        "adrenals, adrenal glands, nebennieren, surrénales, surreni, suprarrenales, bijnieren",
    ),
    Organ("Bowel", "intestine, intestines, bowels, darm, därme, intestin, intestins, intestino, darmen"),
    Organ(
        "Bag_Bowel",
        "bowel bag, bowelbag, intestinal bag, darmsack, sac intestinal, sac digestif, sacco intestinale,"
        " darmzak",
    ),
    Organ("Spc_Bowel", "bowel space, bowelspace"),
    Organ(
        "Bowel_Small",
        "small bowel, small intestine, dünndarm, intestinum tenue, intestin grêle, grêle, intestino tenue,"
        " piccolo intestino, intestino delgado, dunne darm",
    ),
    Organ(
        "Bowel_Large",
        "large bowel, large intestine, dickdarm, gros intestin, intestino crasso, intestino grueso,"
        " dikke darm",
    ),
    Organ("Duodenum", "zwölffingerdarm, duodénum, duodeno, twaalfvingerige darm"),
    Organ("Jejunum", "jéjunum, digiuno, yeyuno, leerdarm"),
    Organ("Ileum", "iléon, ileo, íleon, krummdarm"),
    Organ("Colon", "kolon, côlon"),
    Organ("Colon_Ascending", "ascending colon, colon ascendens, côlon ascendant"),
    Organ("Colon_Transverse", "transverse colon, colon transversum, côlon transverse"),
    Organ("Colon_Decending", "descending colon, colon descendens, colon descending, côlon descendant"),
    Organ(
        "Colon_Sigmoid",
        "sigmoid, sigma, sigmoid colon, sigmoideum, colon sigmoideum, sigmoïde, côlon sigmoïde,"
        " colon sigmoide, sigmoides",
    ),
    Organ("Cecum", "caecum, zökum, coecum, blinddarm, cæcum, cieco, ciego, blindedarm"),
    Organ("Appendix", "vermiform appendix, wurmfortsatz"),
    Organ("Peritoneum", "bauchfell, péritoine, peritoneo, buikvlies"),
    Organ("A_Celiac", "celiac artery, celiac trunk, truncus coeliacus, tronc cœliaque, tripode celiaco"),
    Organ("A_Mesenteric_S", "superior mesenteric artery, sma, arteria mesenterica superior, ams"),
    Organ("A_Mesenteric_I", "inferior mesenteric artery, arteria mesenterica inferior"),
    Organ("V_Portal", "portal vein, pfortader, vena portae, veine porte, vena porta"),
)

OF_ONE_SIDE = (
    ("Atrium_L", "la"),
    ("Atrium_R", "ra"),
    ("Ventricle_L", "lv"),
    ("Ventricle_R", "rv"),
)
"""Names that say the side in other ways than by a word of its own."""
