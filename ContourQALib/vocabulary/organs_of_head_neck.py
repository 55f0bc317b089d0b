"""Organs of brain, head and neck: TG-263 names, and what they are called in several languages."""

from __future__ import annotations

from ContourQALib.vocabulary.organ import Organ

BRAIN = (
    Organ(
        "Brain",
        "whole brain, gehirn, hirn, cerveau, encéphale, cervello, encefalo, cerebro, hersenen, cérebro",
    ),
    Organ(
        "Brainstem",
        "brain stem, hirnstamm, stammhirn, truncus cerebri, tronc, tronc cérébral, tronco, tronco encefalico,"
        " tronco encefálico, tronco cerebrale, tronco cerebral, hersenstam",
    ),
    Organ("Cerebellum", "kleinhirn, cervelet, cervelletto, cerebelo, kleine hersenen"),
    Organ("Cerebrum", "großhirn, grote hersenen, telencephalon"),
    Organ("Pons", "brücke, pont de varole"),
    Organ(
        "OpticChiasm",
        "chiasm, chiasma, optic chiasma, optical chiasm, chiasma opticum, sehnervenkreuzung, chiasma optique,"
        " chiasme, chiasma ottico, chiasma optico, chiasma óptico, quiasma, quiasma óptico",
    ),
    Organ(
        "Pituitary",
        "pituitary gland, glnd pituitary, hypophysis, hypophyse, hirnanhangdrüse, ipofisi, hipófisis,"
        " glande pituitaire, glandula pituitaria",
    ),
    Organ("Pineal", "pineal gland, zirbeldrüse"),
    Organ(
        "Hippocampus",
        "hippocampe, ippocampo, hipocampo",
        "Hippocampi",
        "hippocampuses, hippocampes, ippocampi, hipocampos",
    ),
    Organ("Lobe_Frontal", "frontal lobe, frontallappen, stirnlappen, lobus frontalis", "Lobe_Frontals"),
    Organ("Lobe_Occipital", "occipital lobe, okzipitallappen, lobus occipitalis", "Lobe_Occipitals"),
    Organ("Lobe_Parietal", "parietal lobe, parietallappen, scheitellappen", "Lobe_Parietals"),
    Organ(
        "Lobe_Temporal",
        "temporal lobe, temporallappen, schläfenlappen, lobus temporalis, lobo temporale, lobo temporal,"
        " temporaalkwab, temporale kwab",
        "Lobe_Temporals",
        "temporal lobes, temporallappen beide, lobes temporaux, lobi temporali",
    ),
)

SENSES = (
    Organ(
        "Eye",
        "eyeball, eye ball, globe, globe oculaire, bulbus, bulbus oculi, augapfel, auge, oeil, œil, occhio,"
        " bulbo oculare, ojo, globo ocular, oog, oogbol",
        "Eyes",
        "eyeballs, globes, augen, yeux, occhi, ojos, ogen",
    ),
    Organ(
        "Lens",
        "eye lens, lens of eye, crystalline lens, linse, augenlinse, cristallin, cristallino, cristalino,"
        " ooglens",
        "Lenses",
        "eye lenses, linsen, cristallins, cristallini, cristalinos, lenzen",
    ),
    Organ(
        "OpticNrv",
        "optic nerve, optical nerve, opt nerve, opt nrv, optikus, nervus opticus, n opticus, opticus,"
        " sehnerv, nerf optique, nerf opt, nervo ottico, nervo ott, nervio óptico, oogzenuw, optische zenuw",
        "OpticNrvs",
        "optic nerves, sehnerven, nerfs optiques, nervi ottici, nervios ópticos, oogzenuwen",
    ),
    Organ("Retina", "netzhaut, rétine, netvlies", "Retinas", "retinae, rétines"),
    Organ("Cornea", "hornhaut, cornée, hoornvlies", "Corneas", "corneae, cornées"),
    Organ("Orbit", "orbita, augenhöhle, orbite, oogkas", "Orbits", "orbitae, orbiten"),
    Organ(
        "Glnd_Lacrimal",
        "lacrimal, lacrimal gland, lacrimal gl, lachrymal gland, glandula lacrimalis, gl lacrimalis,"
        " tränendrüse,"
        " glande lacrymale, lacrymale, ghiandola lacrimale, glándula lagrimal, lagrimal, traanklier",
        "Glnd_Lacrimals",
        "lacrimal glands, tränendrüsen, glandes lacrymales, ghiandole lacrimali, glándulas lagrimales",
    ),
    Organ(
        "Cochlea",
        "hörschnecke, cochlée, coclea, cóclea, slakkenhuis",
        "Cochleas",
        "cochleae, cochlées",
    ),
    Organ("Ear_External", "external ear, outer ear, äußeres ohr, außenohr, oreille externe", "Ear_Externals"),
    Organ(
        "Ear_Internal",
        "internal ear, inner ear, innenohr, auris interna, oreille interne, orecchio interno, oído interno,"
        " binnenoor",
        "Ear_Internals",
        "inner ears, innenohren",
    ),
    Organ(
        "Ear_Middle",
        "middle ear, mittelohr, auris media, oreille moyenne, orecchio medio, oído medio, middenoor",
        "Ear_Middles",
        "middle ears, mittelohren",
    ),
)

HEAD = (
    Organ(
        "Parotid",
        "parotid gland, glnd parotid, parotid gl, parotis, glandula parotis,"
        " glandula parotidea, gl parotis, gl parotidea, ohrspeicheldrüse, parotide, glande parotide,"
        " ghiandola parotide,"
        " parótida, glándula parótida, oorspeekselklier",
        "Parotids",
        "parotid glands, parotiden, ohrspeicheldrüsen, parotides, glandes parotides, ghiandole parotidi,"
        " parotidi, parótidas, oorspeekselklieren",
    ),
    Organ(
        "Glnd_Submand",
        "submandibular, submandibular gland, glnd submandibular, submandibular gl, submand gland,"
        " submand, submand gl, submandibularis, glandula submandibularis, gl submandibularis, smg,"
        " unterkieferspeicheldrüse, unterkieferdrüse, sous-maxillaire, sous max, glande sous-maxillaire,"
        " sous-mandibulaire, glande sous-mandibulaire, submandibulaire, glande submandibulaire,"
        " sottomandibolare, ghiandola sottomandibolare, sottomascellare, ghiandola sottomascellare,"
        " submaxilar, glándula submaxilar, glándula submandibular, submandibulaire klier,"
        " onderkaakspeekselklier",
        "Glnd_Submands",
        "submandibulars, submandibular glands, submands, unterkieferspeicheldrüsen, sous-maxillaires,"
        " sottomandibolari, submaxilares",
    ),
    Organ(
        "Glnd_Subling",
        "sublingual gland, glnd sublingual, sublingualis, glandula sublingualis, unterzungenspeicheldrüse,"
        " glande sublinguale, ghiandola sottolinguale",
        "Glnd_Sublings",
        "sublingual glands",
    ),
    Organ(
        "Bone_Mandible",
        "mandible, mandibula, mandible bone, unterkiefer, mandibel, mandibule, mandibola, mandíbula,"
        " onderkaak, lower jaw",
    ),
    Organ("Maxilla", "oberkiefer, maxillaire supérieur, bovenkaak, upper jaw"),
    Organ("Bone_Hyoid", "hyoid, hyoid bone, os hyoideum, zungenbein"),
    Organ(
        "Joint_TM",
        "tmj, tm joint, temporomandibular joint, temperomandibular joint, kiefergelenk,"
        " articulation temporo-mandibulaire, atm, articolazione temporo-mandibolare, kaakgewricht",
        "Joint_TMs",
        "tmjs, temporomandibular joints, kiefergelenke",
    ),
    Organ("Musc_Masseter", "masseter, masseter muscle, m masseter", "Musc_Masseters", "masseters"),
    Organ(
        "Cavity_Oral",
        "oral cavity, mouth cavity, mundhöhle, cavum oris, cavitas oris, cavité buccale, cavité orale,"
        " cavo orale, cavità orale, cavidad oral, mondholte",
    ),
    Organ("Cavity_Nasal", "nasal cavity, nasenhöhle, cavum nasi, fosses nasales, neusholte"),
    Organ("Lips", "lip, lippe, lippen, lèvres, lèvre, labbra, labios"),
    Organ("Tongue", "zunge, langue, lingua, lengua, tong"),
    Organ(
        "Tongue_Base", "base of tongue, zungengrund, base de langue, base lingua, base de lengua, tongbasis"
    ),
    Organ("Tongue_Oral", "oral tongue, langue mobile"),
    Organ("Palate_Soft", "soft palate, weicher gaumen, palais mou, voile du palais, palato molle"),
    Organ("Hardpalate", "hard palate, harter gaumen, palais dur, palato duro"),
    Organ("Larynx", "kehlkopf, laringe, strottenhoofd"),
    Organ(
        "Larynx_SG",
        "supraglottic larynx, larynx supraglottic, supraglottis, supraglottic, supraglottischer larynx,"
        " larynx sus-glottique, larynx supraglottique",
    ),
    Organ("Glottis", "glottic larynx, larynx glottic, glottic area, glotte, glottide, glotis"),
    Organ("Pharynx", "rachen, faringe"),
    Organ("Nasopharynx", "nasenrachen, rhinofaringe, rinofaringe"),
    Organ("Oropharynx", "orofaringe"),
    Organ("Arytenoid", "arytenoid cartilage, aryknorpel, aryténoïde", "Arytenoids", "arytenoid cartilages"),
    Organ("Cricoid", "cricoid cartilage, ringknorpel"),
    Organ("Cricopharyngeus", "cricopharyngeal muscle, m cricopharyngeus"),
    Organ(
        "Musc_Constrict",
        "pharyngeal constrictor, pharyngeal constrictors, pharyngeal constrictor muscle,"
        " pharyngeal constrictor muscles, pharynx constrictor, pharynx constrictors, pharynxconst,"
        " constrictor, constrictors, constrictor muscle, constrictor muscles, constrict musc, pcm,"
        " schlundschnürer,"
        " constricteurs, constricteur du pharynx, constricteurs du pharynx, costrittori, costrittori faringe",
    ),
    Organ(
        "Musc_Constrict_S",
        "superior pharyngeal constrictor, superior constrictor, constrictor superior,"
        " pharynxconst sup, pharynx constrictor superior, pcm sup, pcm superior, sup pcm,"
        " constrictor pharyngis superior, musc constrict sup, musc constrict superior",
    ),
    Organ(
        "Musc_Constrict_M",
        "middle pharyngeal constrictor, middle constrictor, constrictor medius,"
        " pharynxconst mid, pharynx constrictor middle, pcm mid, pcm middle, mid pcm,"
        " constrictor pharyngis medius, musc constrict mid, musc constrict middle",
    ),
    Organ(
        "Musc_Constrict_I",
        "inferior pharyngeal constrictor, inferior constrictor, constrictor inferior,"
        " pharynxconst inf, pharynx constrictor inferior, pcm inf, pcm inferior, inf pcm,"
        " constrictor pharyngis inferior, musc constrict inf, musc constrict inferior",
    ),
)

NECK = (
    Organ(
        "Glnd_Thyroid",
        "thyroid, thyroid gland, thyroid gl, schilddrüse, thyreoidea, thyroidea, glandula thyreoidea,"
        " glandula thyroidea,"
        " gl thyroidea, thyroïde, glande thyroïde, tiroide, ghiandola tiroide, tiroides, schildklier",
    ),
    Organ("Glnd_Parathyroid", "parathyroid, parathyroid gland, nebenschilddrüse"),
    Organ("Cartlg_Thyroid", "thyroid cartilage, schildknorpel, cartilage thyroïde"),
    Organ(
        "BrachialPlex",
        "brachial plexus, plexus brachialis, plexus brachial, brach plexus, brachial plex, brac plx,"
        " plesso brachiale,"
        " plexo braquial",
        "BrachialPlexs",
        "brachial plexuses, plexus brachiaux, plessi brachiali",
    ),
    Organ(
        "A_Carotid",
        "carotid, carotid artery, a carotis, arteria carotis, carotis, halsschlagader, carotide,"
        " artère carotide, arteria carotide, arteria carótida, carótida",
        "A_Carotids",
        "carotids, carotid arteries, carotides, carotidi",
    ),
    Organ("V_Jugular", "jugular vein, vena jugularis, jugularis, v jugularis, veine jugulaire", "V_Jugulars"),
)
