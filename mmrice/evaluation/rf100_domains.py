"""Domains of the sub-datasets of Roboflow100, in which the RICE paper's Table 3 averages."""
from statistics import fmean
from typing import Dict, Mapping, Tuple

# Source: github.com/roboflow/roboflow-100-benchmark, metadata/categories.csv. The paper names Roboflow100-VL, whose own
# categories are others (Industrial, Flora/Fauna, ...); the seven columns of its table are these.
DOMAINS = {
    'Aerial': 'aerial-pool secondary-chains aerial-spheres soccer-players-5fuqs weed-crop-aerial aerial-cows '
              'cloud-types',
    'Video Games': 'apex-videogame farcry6-videogame csgo-videogame avatar-recognition-nuexe '
                   'halo-infinite-angel-videogame team-fight-tactics robomasters-285km',
    'Microscopic': 'stomata-cells bccd-ouzjz parasites-1s07h cells-uyemf 4-fold-defect bacteria-ptywi '
                   'cotton-plant-disease mitosis-gjs3g phages liver-disease asbestos',
    'Underwater': 'underwater-pipes-4ng4t aquarium-qlnqy peixos-fish underwater-objects-5v7p8 coral-lwptl',
    'Documents': 'tweeter-posts tweeter-profile document-parts activity-diagrams-qdobr signatures-xc8up paper-parts '
                 'tabular-data-wf9uh paragraphs-co84b',
    'Electromagnetic': 'thermal-dogs-and-people-x6ejw solar-panels-taxvb radio-signal thermal-cheetah-my4dp '
                       'x-ray-rheumatology acl-x-ray abdomen-mri axial-mri gynecology-mri brain-tumor-m2pbp '
                       'bone-fracture-7fylg flir-camera-objects',
    'Real World': 'hand-gestures-jps7z smoke-uvylj wall-damage corrosion-bi3q3 excavators-czvg9 chess-pieces-mjzgj '
                  'road-signs-6ih4y street-work construction-safety-gsnvb road-traffic washroom-rf1fa circuit-elements '
                  'mask-wearing-608pr cables-nl42k soda-bottles truck-movement wine-labels digits-t2eg6 vehicles-q0x2v '
                  'peanuts-sd4kf printed-circuit-board pests-2xlvx cavity-rs0uf leaf-disease-nsdsr marbles pills-sxdht '
                  'poker-cards-cxcvz number-ops insects-mytwu cotton-20xz5 furniture-ngpea cable-damage animals-ij5d2 '
                  'coins-1apki apples-fvpl5 people-in-paintings circuit-voltages uno-deck grass-weeds gauge-u2lwv '
                  'sign-language-sokdr valentines-chocolate fish-market-ggjso lettuce-pallets shark-teeth-5atku '
                  'bees-jt5in sedimentary-features-9eosf currency-v4f8j trail-camera cell-towers',
}
DOMAIN_OF: Dict[str, str] = {name: domain for domain, names in DOMAINS.items() for name in names.split()}


def averages(values: Mapping[str, float], domain_of: Mapping[str, str]) -> Tuple[Dict[str, float], Dict[str, float]]:
    """Average over domains as Table 3 does, and over sub-datasets.

    The paper's Avg is the mean of its seven columns (for RICE 185.5 / 7 = 26.5), whatever the sizes of the domains.

    Args:
        values: {sub-dataset: AP}.
        domain_of: {sub-dataset: domain}; a sub-dataset that it lacks counts in 'sub-datasets' only.

    Returns:
        tuple: {domain: mean AP}, and {'domains': mean of these, 'sub-datasets': mean of all values}; a mean over
        nothing is left out.
    """
    domains: Dict[str, float] = {}
    for domain in dict.fromkeys(domain_of.values()):
        members = [value for name, value in values.items() if domain_of.get(name) == domain]
        if members:
            domains[domain] = fmean(members)
    groups = {'domains': list(domains.values()), 'sub-datasets': list(values.values())}
    return domains, {name: fmean(group) for name, group in groups.items() if group}
