/**
 * Words of questions that no picture of the scenes answers, for `refusals.ts`. They are many so that a model learns
 * what a question is *not* about, and not a list of forbidden words. Every sixth word of a list is held out: the test
 * split alone says it.
 */

const split = (text: string): string[] =>
  text
    .trim()
    .split(/\s*,\s*|\s*\n\s*/)
    .filter((word) => word !== '');

export const ANATOMY = split(`
  ureter, bladder, prostate, uterus, ovary, fallopian tube, cervix, vagina, urethra, seminal vesicle, vas deferens, testis,
  stomach, duodenum, jejunum, ileum, appendix, caecum, colon, sigmoid, rectum, anus, mesentery, omentum, pancreas,
  common bile duct, cystic duct, cystic artery, hepatic artery, portal vein, splenic artery, splenic vein, renal artery,
  renal vein, renal pelvis, adrenal gland, vena cava, aorta, iliac artery, iliac vein, mesenteric artery, gonadal vein,
  oesophagus, diaphragm, pleura, lung, trachea, bronchus, larynx, vocal cord, glottis, epiglottis, thyroid, parathyroid,
  thymus, heart, atrium, ventricle, pericardium, aortic valve, mitral valve, coronary artery, carotid, jugular vein,
  lymph node, thoracic duct, phrenic nerve, vagus nerve, obturator nerve, pudendal nerve, hypogastric plexus,
  neurovascular bundle, peritoneum, retroperitoneum, fascia, psoas muscle, abdominal wall, rectus sheath, inguinal canal,
  femoral artery, sciatic nerve, spine, vertebra, sacrum, pelvis, hip, femur, tibia, patella, meniscus, shoulder, clavicle,
  rib, sternum, skull, brain, cerebellum, meninges, pituitary, optic nerve, retina, cornea, cochlea, eardrum, tonsil,
  tongue, parotid gland, mandible, breast, nipple, skin, scalp, tendon, ligament, cartilage, bone marrow, placenta, fetus
`);

export const DISEASES = split(`
  tumour, tumor, cancer, carcinoma, adenoma, sarcoma, lymphoma, melanoma, metastasis, cyst, abscess, fistula, hernia,
  polyp, diverticulitis, appendicitis, cholecystitis, pancreatitis, hepatitis, cirrhosis, steatosis, fibrosis, necrosis,
  ischaemia, gangrene, perforation, obstruction, stricture, stenosis, aneurysm, thrombosis, embolism, haematoma, infarct,
  inflammation, infection, sepsis, peritonitis, adhesions, endometriosis, fibroids, malignancy, dysplasia, hyperplasia,
  angiomyolipoma, oncocytoma, hydronephrosis, kidney stone, gallstone, nephritis, cystitis, prostatitis, colitis,
  Crohn disease, ulcer, gastritis, reflux, achalasia, volvulus, intussusception, varices, ascites, oedema, jaundice,
  anaemia, hypertension, diabetes, obesity, pneumonia, tuberculosis, asthma, leukaemia, goitre, nodule, lesion, defect,
  laceration, burn, injury, fracture, scar, malformation, duplication, torsion, prolapse, incontinence
`);

export const DRUGS = split(`
  heparin, aspirin, warfarin, morphine, fentanyl, propofol, ketamine, midazolam, sevoflurane, rocuronium, adrenaline,
  noradrenaline, atropine, ondansetron, dexamethasone, cortisone, insulin, metformin, paracetamol, ibuprofen, amoxicillin,
  cefazolin, metronidazole, vancomycin, gentamicin, ciprofloxacin, indocyanine green, methylene blue, saline, mannitol,
  furosemide, tranexamic acid, vitamin, antibiotics, painkillers, anaesthesia, sedation, chemotherapy, immunotherapy,
  radiotherapy, transfusion, plasma, platelets, albumin, oxygen, anticoagulant, antiemetic, steroid, vaccine
`);

export const OPERATIONS = split(`
  nephrectomy, partial nephrectomy, prostatectomy, cystectomy, hysterectomy, myomectomy, oophorectomy, cholecystectomy,
  appendectomy, colectomy, hemicolectomy, sigmoidectomy, gastrectomy, sleeve gastrectomy, gastric bypass, fundoplication,
  splenectomy, pancreatectomy, Whipple procedure, hepatectomy, liver transplant, kidney transplant, pyeloplasty,
  adrenalectomy, thyroidectomy, lobectomy, thymectomy, oesophagectomy, sacrocolpopexy, lymphadenectomy, hernia repair,
  laparotomy, thoracotomy, tracheostomy, bypass, ablation, biopsy, drainage, anastomosis, ileostomy, colostomy, stenting,
  embolisation, amputation, arthroscopy, craniotomy, endoscopy, colonoscopy, bronchoscopy, cystoscopy, caesarean
`);

export const OUTCOMES = split(`
  survive, die, recover, relapse, bleed again, walk, wake up, leave the hospital, need dialysis, need a transfusion,
  need chemotherapy, need another operation, get an infection, develop a leak, develop a hernia, lose the kidney,
  be cured, be in pain, have complications, deteriorate, improve, heal, respond, tolerate this, keep continence,
  return to work, live five years, be discharged, be readmitted, regain function, need a stoma, end up in intensive care
`);

export const ACTIONS = split(`
  clip, cut, divide, ligate, coagulate, cauterise, suture, staple, dissect, mobilise, retract, resect, remove, biopsy, drain,
  irrigate, ablate, clamp, unclamp, expose, preserve, spare, ligature, transect, anastomose, reconstruct, repair, convert,
  stop, continue, wait, open, close, extend, rotate, zoom, irradiate, inject, puncture, aspirate, pack, tamponade
`);

export const MATERIALS = split(`
  Vicryl, Prolene, Monocryl, PDS, silk, catgut, V-Loc, barbed suture, mesh, haemostat, Surgicel, fibrin glue, Hem-o-lok,
  titanium clip, LigaSure, harmonic scalpel, electrocautery, laser, balloon, catheter, stent, drain, trocar, port, sponge,
  gauze, swab, bag, clamp, bulldog, dilator, guidewire, cannula, endoscope, camera, insufflator, glove, drape, gown, mask
`);

export const MEASURES = split(`
  depth, length, width, volume, weight, diameter, thickness, temperature, pressure, distance, angle, speed, force, power,
  voltage, stage, grade, margin, score, percentage, dose, age, height, pulse, heart rate, blood pressure, saturation,
  haemoglobin, creatinine, bilirubin, glucose, lactate, blood loss, ischaemia time, warm ischaemia, operating time,
  body mass index, tumour size, resection margin, Gleason score, nephrometry score, Clavien grade, intraabdominal pressure
`);

export const PEOPLE = split(`
  surgeon, assistant, anaesthetist, nurse, patient, resident, student, professor, consultant, registrar, fellow, proctor,
  pathologist, radiologist, oncologist, urologist, gynaecologist, cardiologist, midwife, technician, engineer, manager,
  lawyer, insurer, family, mother, father, daughter, son, wife, husband, donor, inventor, author, manufacturer
`);

export const TOPICS = split(`
  weather, football, basketball, tennis, chess, cricket, hockey, cycling, swimming, music, jazz, opera, guitar, piano,
  violin, concert, cinema, movie, novel, poem, poetry, painting, museum, theatre, ballet, photography, fashion, cooking,
  pizza, pasta, bread, cheese, chocolate, coffee, tea, wine, beer, soup, salad, sandwich, breakfast, dinner, recipe, banana,
  apple, orange, potato, tomato, garlic, sugar, salt, travel, holiday, airport, train, bus, bicycle, motorcycle, ship,
  rocket, planet, Mars, Jupiter, moon, star, galaxy, universe, gravity, electron, atom, molecule, chemistry, physics,
  algebra, geometry, statistics, philosophy, religion, history, Napoleon, Cleopatra, Einstein, Shakespeare, Mozart, Picasso,
  president, election, parliament, democracy, economy, inflation, stock market, bitcoin, mortgage, salary, tax, insurance,
  contract, lawsuit, police, army, war, peace, climate, volcano, earthquake, hurricane, desert, forest, ocean, river,
  mountain, island, beach, Paris, London, Berlin, Madrid, Rome, Tokyo, Beijing, Sydney, Cairo, Moscow, Nairobi, Lima,
  Canada, Brazil, India, Norway, Poland, Turkey, Kenya, Japan, dog, cat, horse, elephant, giraffe, dolphin, eagle, penguin,
  spider, butterfly, dinosaur, rose, tulip, oak, computer, keyboard, printer, password, email, website, browser, software,
  Python, JavaScript, database, robot, smartphone, television, radio, battery, engine, bridge, skyscraper, hotel, kitchen,
  garden, wedding, birthday, Christmas, joke, riddle, story, song, dream, friendship, love, happiness, homework, school,
  university, exam, lottery, horoscope, astrology, magic, ghost, dragon, unicorn, pirate, superhero, video game
`);

export const GREETINGS = split(`
  hello, hi, hey, hi there, good morning, good afternoon, good evening, good night, goodbye, bye, see you, thanks,
  thank you, many thanks, sorry, excuse me, please, welcome, cheers, yes, no, maybe, okay, fine, great, cool, wow, oops, help,
  test, testing, stop, go, next, again, continue, nothing, whatever, who are you, what are you, how are you, are you there,
  are you human, what is your name, what can you do, how do you work, who made you, do you speak German, tell me a joke,
  sing a song, what time is it, what day is it, where am I, I love you, I am tired, I am bored, this is wrong, you are wrong
`);

export const COMMANDS = split(`
  export the video, save the session, print this page, open the next video, play, pause, rewind, go back ten seconds,
  delete this answer, rename the case, zoom in, zoom out, make it brighter, turn up the sound, switch to full screen,
  send an email, call the nurse, book an appointment, order lunch, translate this text, write a report, write a letter,
  write a discharge summary, dictate the operation note, summarise the literature, find me a paper, search the web,
  update the software, restart the computer, log me out, change the language, set a timer, take a screenshot, crop the clip
`);

/** Questions in other languages, which the model was not taught: it answers English alone. */
export const FOREIGN = split(`
  Wo ist die Schere?, Was macht die Zange?, Welches Organ wird operiert?, Ist Blut zu sehen?, Wie viele Instrumente sieht man?,
  Was ist das?, Siehst du Rauch?, Beschreibe das Bild., Welches Instrument liegt links?, Guten Morgen, Kannst du mir helfen?,
  Wird der Patient überleben?, Wo liegt der Sauger?, Zeige mir den Nadelhalter.,
  Où sont les ciseaux ?, Que fait la pince ?, Quel organe est opéré ?, Y a-t-il du sang ?, Combien d'instruments voit-on ?,
  Décris cette image., Bonjour docteur, Quel instrument est à gauche ?, Peux-tu m'aider ?, Montre-moi l'aspirateur.,
  ¿Dónde están las tijeras?, ¿Qué hace la pinza?, ¿Qué órgano se está operando?, ¿Hay sangre?, ¿Cuántos instrumentos hay?,
  Describe esta imagen por favor, Buenos días doctora, ¿Qué instrumento está a la izquierda?, ¿Puedes ayudarme?,
  Dove sono le forbici?, Che cosa fa la pinza?, Quale organo si opera?, C'è del sangue?, Quanti strumenti ci sono?,
  Descrivi l'immagine, Buongiorno dottore, Onde está a tesoura?, O que faz a pinça?, Há sangue na imagem?,
  Quantos instrumentos existem?, Bom dia doutor, Waar is de schaar?, Wat doet de tang?, Welk orgaan wordt geopereerd?,
  Is er bloed te zien?, Hoeveel instrumenten zijn er?, Hvor er saksen?, Hva gjør tangen?, Hvilket organ opereres?,
  Gdzie są nożyczki?, Co robi chwytak?, Jaki to narząd?, Czy widać krew?, Makas nerede?, Bu hangi organ?, Kan var mı?,
  Kde jsou nůžky?, Co dělá svorka?, Hol van az olló?, Mit csinál a csipesz?, Var är saxen?, Vilket organ opereras?,
  Где ножницы?, Какой это орган?, Есть ли кровь?, Πού είναι το ψαλίδι;, 剪刀在哪里？, 这是什么器官？, 有出血吗？,
  はさみはどこですか, 何の臓器ですか, 가위는 어디에 있습니까, أين المقص؟, ما هذا العضو؟, कैंची कहाँ है, איפה המספריים
`);

/** Things of the clinic that are around a picture and not in it. */
export const CLINIC = split(`
  consent form, medical record, chart, allergy, family history, smoking history, referral, prescription, invoice, budget,
  guideline, protocol, checklist, textbook, journal, abstract, citation, randomised trial, meta-analysis, evidence level,
  registry, database entry, billing code, insurance claim, complaint, audit, accreditation, licence, warranty, recall notice,
  ward, bed, waiting list, theatre schedule, recovery room, ambulance, helicopter, pharmacy, laboratory, morgue, cafeteria,
  X-ray, radiograph, CT scan, MRI, PET scan, scintigraphy, mammogram, echocardiogram, electrocardiogram, spirometry, blood test,
  urine culture, smear, histology, cytology, frozen section, genetics, mutation, biomarker, antigen, antibody, hormone,
  enzyme, receptor, protein, chromosome, stem cell, virus, bacterium, fungus, parasite, toxin, allergen, pathogen, prion,
  wheelchair, crutch, bandage, plaster, splint, pacemaker, hearing aid, spectacles, denture, implant, prosthesis, syringe,
  thermometer, stethoscope, otoscope, tourniquet, ventilator, defibrillator, infusion pump, dialysis machine, incubator,
  physiotherapy, rehabilitation, diet, fasting, exercise, counselling, vaccination, screening, triage, quarantine, autopsy,
  fever, cough, headache, nausea, vomiting, dizziness, fatigue, itching, rash, cramp, palpitations, insomnia, anxiety,
  depression, delirium, dementia, epilepsy, migraine, stroke, paralysis, neuropathy, arthritis, gout, osteoporosis, scoliosis,
  eczema, psoriasis, acne, lupus, glaucoma, cataract, tinnitus, influenza, measles, mumps, malaria, cholera, rabies, HIV
`);

/** Things of the world, for questions that have nothing to do with an operation. */
export const EVERYDAY = split(`
  accountant, architect, astronaut, baker, barber, butcher, carpenter, dentist, diplomat, electrician, farmer, firefighter,
  fisherman, gardener, journalist, judge, librarian, magician, mechanic, miner, musician, painter, pilot, plumber, poet,
  sailor, sculptor, shepherd, tailor, waiter, writer, aluminium, bronze, carbon, copper, diamond, emerald, glass, gold, granite,
  helium, hydrogen, iron, leather, marble, mercury, nickel, nitrogen, paper, plastic, platinum, rubber, sapphire, silver,
  uranium, velvet, wool, zinc, almond, apricot, artichoke, avocado, basil, broccoli, cabbage, carrot, cauliflower, celery,
  cherry, cinnamon, coconut, cucumber, fig, ginger, grape, honey, lemon, lentil, lettuce, mango, melon, mint, mushroom, mustard,
  olive, onion, parsley, peach, peanut, pear, pepper, pineapple, plum, pumpkin, radish, raspberry, rice, spinach, strawberry,
  ant, badger, bat, bear, beaver, bee, camel, chicken, cobra, cow, crab, crocodile, crow, deer, donkey, duck, falcon, fox, frog,
  goat, goose, gorilla, hamster, hedgehog, hippopotamus, jellyfish, kangaroo, koala, leopard, lion, lizard, lobster, monkey,
  mosquito, mouse, octopus, ostrich, otter, owl, panda, parrot, peacock, pigeon, rabbit, raccoon, rhinoceros, salmon, shark,
  sheep, snail, sparrow, squirrel, swan, tiger, tortoise, turkey, turtle, walrus, whale, wolf, zebra, anchor, bell, blanket,
  bottle, broom, bucket, candle, carpet, ceiling, chair, chimney, clock, comb, curtain, cushion, envelope, fence, flag, flute,
  fork, furniture, hammer, harp, helmet, kettle, ladder, lamp, lighthouse, magnet, mattress, microphone, mirror, necklace, oven,
  pencil, pillow, puzzle, quilt, refrigerator, ring, roof, rope, saddle, scarf, shovel, sofa, spoon, stamp, stove, suitcase,
  table, tent, toothbrush, trumpet, umbrella, vase, violin case, wallet, wardrobe, windmill, window, xylophone, yacht
`);

/** More of the world: what people do, and how things are. */
export const DOINGS = split(`
  climbing, dancing, skiing, surfing, sailing, fishing, hunting, knitting, sewing, weaving, pottery, calligraphy, origami,
  juggling, wrestling, boxing, fencing, archery, rowing, diving, skating, golf, badminton, baseball, rugby, volleyball, darts,
  poker, billiards, sudoku, crosswords, gardening, farming, brewing, baking, grilling, camping, hiking, jogging, yoga, gymnastics,
  meditation, sleeping, dreaming, laughing, crying, shouting, whispering, whistling, singing, acting, painting walls, shopping,
  driving, parking, flying, cleaning, ironing, vacuuming, studying, teaching, voting, marriage, divorce, retirement, childhood,
  freedom, justice, honesty, courage, jealousy, boredom, loneliness, kindness, wisdom, intelligence, creativity, luck, fate,
  infinity, eternity, grammar, alphabet, dictionary, encyclopaedia, newspaper, magazine, advertisement, propaganda, rumour,
  thunder, lightning, rainbow, snowflake, fog, drizzle, sunshine, twilight, midnight, Monday, Thursday, January, September
`);
