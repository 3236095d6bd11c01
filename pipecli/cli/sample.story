# A year of Contoso Coffee Machines, Madrid: Ana leads the Iberian team, Luis and Sara sell, Marta runs it all.
# `@ day time who` dates the commands below it; `name = command` keeps the id that it prints. `$targets` are those of the
# quarter in which the story ends.

@ 2025-11-21 09:00 marta
user add ana --name "Ana Ruiz" --email ana@contoso.example
user add luis --name "Luis Ortega" --email luis@contoso.example
user add sara --name "سارا احمدی" --email sara@contoso.example
team add sales --name "Sales" --manager marta
team add iberia --name "Iberia" --manager ana --parent sales
team add export --name "Export" --manager marta --parent sales
team add service --name "Service" --parent sales
user set ana team=iberia
user set luis team=iberia
user set sara team=export
user set marta team=export
user add pau --name "Pau Serra" --email pau@contoso.example --inactive
settings set "company.address=Calle de Alcalá 100, 28009 Madrid" company.email=sales@contoso.example company.tax_id=ES-B12345678
settings set exchange_rates.USD.2025-11-01=0.86 exchange_rates.USD.2026-06-01=0.88
settings set "sources=website,referral,trade-fair,campaign,call"
product add cafe-s-100 --name "Café S-100" --kind product --uom unit --description "Semi-automatic espresso machine" --tax 21 --cost 1450.00
product add cafe-a-200 --name "Café A-200" --kind product --uom unit --description "Bean-to-cup machine" --tax 21 --cost 2600.00
product add grinder-g-2 --name "Grinder G-2" --kind product --uom unit --tax 21 --cost 210.00
product add installation --name "Installation and training" --kind service --uom hour --tax 21 --cost 35.00
product add service-plan --name "Service plan, one year" --kind service --uom year --tax 21 --cost 120.00
product add descaler --name "Descaler" --kind product --uom litre --tax 21 --cost 6.00
price-list add retail-eur --currency EUR --name "Retail" --price cafe-s-100=2499.00 --price cafe-s-100=2299.00@10 --price cafe-a-200=4390.00 --price grinder-g-2=399.00 --price installation=75.00 --price service-plan=340.00
price-list add export-usd --currency USD --name "Export" --price cafe-s-100=2890.00 --price cafe-a-200=4990.00 --price grinder-g-2=450.00 --price installation=90.00
settings set price_list=retail-eur
supplier add "Molinos Vallès" --email ventas@molinos.example --country ES
supplier add "Torino Macchine" --email vendite@torino.example --country IT
supplier add "Rossi Ricambi" --email ordini@rossi-ricambi.example --country IT
literature add brochure --title "The range" --url https://contoso.example/range.pdf --stage demo --product cafe-s-100 --product cafe-a-200

@ 2025-11-24 10:10 ana
roasters = lead add --name "María López" --organization "Tostadores del Sur" --email maria@tostadores.example --phone "+34 954 000 111" --source referral --owner ana --score 80 --role buyer --language es
activity add $roasters --type call --direction out --subject "First call" --done

@ 2025-11-27 11:30 ana
lead qualify $roasters --need yes --budget yes --timeframe yes --authority unknown --need-note "Two bars open in January"
roasters_deal = lead convert $roasters --title "Espresso machines for two bars" --expected-close +45d
opp item add $roasters_deal --product cafe-s-100 --quantity 4
opp item add $roasters_deal --product grinder-g-2 --quantity 4
opp set $roasters_deal key_info.need="Four machines before the opening" key_info.budget="10,000 to 13,000"

@ 2025-12-03 09:40 luis
hotel = lead add --name "Iñaki Etxeberria" --organization "Hotel Bahía" --email iñaki@hotelbahia.example --website https://hotelbahia.example --source website --owner luis --score 65
activity add $hotel --type email --direction in --subject "Asks for a breakfast machine" --done
activity add $hotel --type email --direction out --subject "Answer with the brochure" --done
lead qualify $hotel --need yes --budget yes --timeframe yes --authority yes
hotel_deal = lead convert $hotel --title "Breakfast machines" --expected-close +60d
opp item add $hotel_deal --product cafe-a-200 --quantity 3
opp item add $hotel_deal --product installation --quantity 6

@ 2025-12-10 16:05 ana
opp advance $roasters_deal
activity add $roasters_deal --type meeting --direction out --subject "Tasting in the showroom" --done
opp advance $roasters_deal
roasters_quote = quote new $roasters_deal
quote send $roasters_quote

@ 2025-12-18 12:00 ana
roasters_second = quote revise $roasters_quote
quote set $roasters_second items.1.discount=5
quote send $roasters_second
opp advance $roasters_deal
by-hand $roasters_deal "Ana: María decides alone, but her brother signs. Call him first."

@ 2025-12-19 10:00 ana
price-list add counter-eur --currency EUR --name "Counter, with tax" --price grinder-g-2=480.00
price-list set counter-eur tax_included=yes
corner = opp add "Service for a corner café" --organization "Café de la Esquina" --person "Rosa Gil" --email rosa@esquina.example --source referral --owner ana --expected-close +12d --price-list counter-eur
opp item add $corner --product grinder-g-2 --quantity 1
opp item add $corner --product service-plan --price 60.50 --per month --term 12
opp item add $corner --product installation --quantity 2 --price 90.75 --optional
opp sellers $corner ana=60 luis=40
attach-text $corner "Floor plan.txt" "The counter is 3.20 m long, water comes from the left."

@ 2025-12-22 11:00 ana
corner_quote = quote new $corner
quote send $corner_quote
quote accept $corner_quote --with installation
opp won $corner --note "Begins with the year"

@ 2026-01-09 13:20 ana
opp won $roasters_deal --note "Signed after the second quotation"

@ 2026-01-13 10:00 luis
opp advance $hotel_deal
opp advance $hotel_deal
hotel_quote = quote new $hotel_deal
quote send $hotel_quote
activity add $hotel_deal --type call --direction out --subject "Did the offer arrive?" --done

@ 2026-01-20 09:15 sara
tehran = lead add --name "مریم رضایی" --organization "فروشگاه قهوه تهران" --email maryam@coffee-tehran.example --source trade-fair --owner sara --score 55 --language fa
lead qualify $tehran --need yes --budget yes --timeframe yes --authority yes
tehran_deal = lead convert $tehran --title "دستگاه اسپرسو برای فروشگاه" --expected-close +90d --currency USD --price-list export-usd
opp item add $tehran_deal --product cafe-s-100 --quantity 5

@ 2026-02-04 17:10 luis
competitor add "Torino Espresso" --website https://torino-espresso.example --strengths "Leases machines; cheap" --weaknesses "No service outside of the cities"
opp competitor add $hotel_deal "Torino Espresso"
opp lost $hotel_deal --reason competitor --competitor torino-espresso --detail "They offered a lease; we had none"

@ 2026-02-11 11:00 ana
offices = opp add "Office coffee, four floors" --organization "Seguros Levante" --person "Carmen Vidal" --email carmen.vidal@seguroslevante.example --source call --owner ana --expected-close +70d
opp item add $offices --product cafe-a-200 --quantity 4
opp item add $offices --product service-plan --quantity 4
activity add $offices --type call --direction in --subject "Carmen called after the fair" --done

@ 2026-02-19 09:30 marta
settings set lost_reasons=price,quality,budget,timing,competitor,no-decision,no-response,no-lease
competitor add "Rapid Vending" --website https://rapid-vending.example --strengths "Coffee by the cup"
price-list add fair-eur --currency EUR --name "Coffee fair"

@ 2026-03-03 10:45 sara
opp advance $tehran_deal
tehran_quote = quote new $tehran_deal
quote send $tehran_quote
activity add $tehran_deal --type email --direction in --subject "They ask for sea freight" --done

@ 2026-03-10 15:00 ana
opp advance $offices
opp set $offices key_info.need="One machine a floor" key_info.decision_maker="The head of facilities" key_info.current_situation="Filter coffee, complaints" next_contact.date=+7d next_contact.by=ana
dentist = lead add --name "Dr. Pablo Sanz" --email pablo@sanz-dental.example --source website --owner luis --score 20
lead qualify $dentist --need no --budget yes --timeframe no
lead disqualify $dentist --reason no-need --detail "Wants capsules"

@ 2026-03-17 09:40 luis
bikes = opp add "Café corner for a bike shop" --organization "Ciclos Ribera" --person "Iván Soto" --email ivan@ciclosribera.example --source website --owner luis --expected-close +60d --set score=45
opp item add $bikes --product cafe-s-100 --quantity 1
opp item add $bikes --product grinder-g-2 --quantity 1
opp advance $bikes

@ 2026-03-24 12:40 ana
opp advance $offices
offices_ask = supplier-quote new $offices --supplier torino-macchine
supplier-quote receive $offices_ask --price cafe-a-200=2550.00 --price service-plan=110.00 --lead-time "3 weeks"
offices_quote = quote new $offices --from-supplier-quote $offices_ask --markup 60
quote send $offices_quote

@ 2026-04-08 18:00 sara
opp advance $tehran_deal
opp advance $tehran_deal
opp won $tehran_deal --note "Paid in advance"

@ 2026-04-16 10:20 luis
bakery = opp add "Grinders for the bakeries" --organization "Panadería Núñez" --person "Óscar Núñez" --email oscar@panaderianunez.example --source campaign --campaign spring --owner luis --expected-close +40d
opp item add $bakery --product grinder-g-2 --quantity 12
opp advance $bakery

@ 2026-04-21 12:15 ana
spa = opp add "Machines for three spas" --organization "Balnearios del Norte" --person "Amaia Etxebarria" --email amaia@balnearios.example --source referral --owner ana --expected-close +80d --set score=70
opp item add $spa --product cafe-a-200 --quantity 3
opp item add $spa --product installation --quantity 9
opp advance $spa

@ 2026-05-06 11:15 luis
opp advance $bakery
bakery_quote = quote new $bakery
quote send $bakery_quote

@ 2026-05-12 10:20 luis
opp lost $bikes --reason price --competitor "Molinos Vallès" --detail "Found a used one for half"

@ 2026-05-21 10:00 luis
opp won $bakery --note "Order by e-mail"

@ 2026-05-26 16:30 ana
opp set $offices expected_close=+50d
activity add $offices --type meeting --direction out --subject "Second demo, with the head of facilities" --done

@ 2026-06-09 11:30 ana
opp advance $spa
spa_quote = quote new $spa
quote send $spa_quote

@ 2026-06-18 09:50 ana
opp lost $offices --reason no-decision --detail "Budget frozen until the autumn"

@ 2026-06-30 12:10 sara
lisbon = lead add --name "João Silva" --organization "Cafés Alfama" --email joao@cafesalfama.example --website https://cafesalfama.example --source referral --owner sara --score 75 --tag portugal
lead qualify $lisbon --need yes --budget yes --timeframe yes --authority yes
lisbon_deal = lead convert $lisbon --title "Six bars in Alfama" --expected-close +120d
opp item add $lisbon_deal --product cafe-s-100 --quantity 12
opp item add $lisbon_deal --product installation --quantity 18

@ 2026-07-01 16:00 ana
opp won $spa --note "All three, before the season"

@ 2026-07-02 09:15 ana
customer set balnearios-del-norte country=ES
spa_invoice = invoice new balnearios-del-norte --item cafe-a-200
invoice issue $spa_invoice

@ 2026-07-07 10:10 luis
school = opp add "Staff room of a school" --organization "Colegio Santa Aurelia" --person "Pilar Nieto" --email pilar@santaaurelia.example --source campaign --campaign spring --owner luis --expected-close +70d --set score=30
opp item add $school --product cafe-s-100 --quantity 2
activity add $school --type email --direction out --subject "Prices for schools" --done

@ 2026-07-14 10:00 marta
settings set quotations.max_discount=15 follow_up.default_days=5
team set iberia name="Iberia and Morocco"
settings set "processes.maintenance={name: Maintenance, when: type = 'maintenance', stages: [{id: visit, name: Visit, probability: 60, steps: [look at the machine, order the parts]}, {id: repair, name: Repair, probability: 90, requires: [amount]}]}"

@ 2026-07-22 13:30 sara
opp advance $lisbon_deal
opp contact add $lisbon_deal joao-silva --role decision-maker --primary
activity add $lisbon_deal --type meeting --direction out --subject "Visit to the first bar" --done

@ 2026-07-27 10:20 ana
invoice paid $spa_invoice --amount 10623.80 --note "By transfer"
spa_credit = invoice credit $spa_invoice --item cafe-a-200=1 --reason "One spa stays closed"
invoice issue $spa_credit

@ 2026-08-04 09:30 sara
lyon = opp add "Roastery in Lyon" --organization "Brûlerie Saint-Just" --person "Camille Roux" --email camille@saintjust.example --source trade-fair --owner sara --expected-close +130d --set score=82
opp item add $lyon --product cafe-a-200 --quantity 5
opp item add $lyon --product grinder-g-2 --quantity 5
opp advance $lyon

@ 2026-08-27 09:10 luis
gym = lead add --name "Lucía Prats" --organization "Gimnasios Olimpo" --email lucia@olimpo.example --source campaign --campaign autumn --owner luis --score 40
activity add $gym --type email --direction out --subject "Brochure" --done

@ 2026-09-09 17:25 ana
opp reopen $offices
opp set $offices expected_close=+75d amount=17500.00
by-hand $offices "The budget is free again: 17,500 is their ceiling, installation included."

@ 2026-09-15 11:40 sara
opp advance $lisbon_deal
lisbon_quote = quote new $lisbon_deal
quote send $lisbon_quote

@ 2026-09-17 12:00 ana
cinema = opp add "Foyers of four cinemas" --organization "Cines Astoria" --person "Raúl Montes" --email raul@astoria.example --source referral --owner ana --expected-close +95d --set score=65
opp item add $cinema --product cafe-a-200 --quantity 8
opp item add $cinema --product service-plan --quantity 8
opp advance $cinema
opp lost $school --reason no-response --detail "Three mails, no answer"

@ 2026-09-24 10:30 luis
hospital = opp add "Hospital cafeteria" --organization "Hospital San Telmo" --person "Begoña Ibarra" --email b.ibarra@santelmo.example --source trade-fair --owner luis --expected-close +85d
opp item add $hospital --product cafe-a-200 --quantity 6
opp item add $hospital --product service-plan --quantity 6
opp share $hospital ana

@ 2026-09-29 15:20 luis
law = opp add "Law firm, two floors" --organization "Vega y Asociados" --person "Teresa Vega" --email teresa@vegayasociados.example --source website --owner luis --expected-close +60d --set score=55
opp item add $law --product cafe-s-100 --quantity 2
opp item add $law --product service-plan --quantity 2
opp advance $law
opp advance $law

@ 2026-10-01 09:00 marta
settings set $targets
settings set processes.standard.stages.4.category=best-case processes.standard.stages.5.category=commit

@ 2026-10-05 10:00 luis
bakery_invoice = invoice new panaderia-nunez
invoice issue $bakery_invoice

@ 2026-10-06 12:00 sara
doha = opp add "Machines for a hotel chain" --organization "Gulf Palms Hotels" --person "Nadia Haddad" --email nadia@gulfpalms.example --currency USD --price-list export-usd --source trade-fair --owner sara --expected-close +100d --type sales
opp item add $doha --product cafe-a-200 --quantity 20
opp set $doha key_info.need="One model for all lobbies" next_contact.date=+10d next_contact.by=sara

@ 2026-10-08 10:45 sara
opp advance $lyon
lyon_quote = quote new $lyon
quote send $lyon_quote
opp advance $lyon
activity add $lyon --type call --direction in --subject "Camille wants delivery before Christmas" --done

@ 2026-10-13 11:10 ana
library = opp add "Reading rooms of the city library" --organization "Biblioteca Municipal" --person "Nuria Campos" --email nuria@biblioteca.example --source call --owner ana --expected-close +110d --set score=38
opp item add $library --product cafe-s-100 --quantity 3

@ 2026-10-14 16:45 luis
opp advance $hospital
opp set $hospital key_info.budget="Tender, 35,000 at most" key_info.decision_maker="The purchasing board"
attach-text $hospital "Tender.txt" "Six bean-to-cup machines with service; offers until the end of November."
repair = opp add "Repair of two S-100" --customer tostadores-del-sur --type maintenance --amount 420.00 --owner luis --expected-close +20d

@ 2026-10-19 08:30 luis
opp step done $repair "look at the machine"
opp step done $repair "order the parts"
opp advance $repair

@ 2026-10-21 09:20 ana
opp advance $offices
offices_second = quote new $offices
quote send $offices_second

@ 2026-10-22 13:00 luis
law_quote = quote new $law
quote send $law_quote
opp won $law --note "Installed on Friday"

@ 2026-10-28 10:10 sara
lisbon_second = quote revise $lisbon_quote --message "They asked for ten percent"
quote set $lisbon_second items.1.discount=10
quote send $lisbon_second
opp advance $lisbon_deal

@ 2026-10-29 16:30 sara
porto = opp add "Bakeries in Porto" --organization "Padarias Douro" --person "Inês Matos" --email ines@padariasdouro.example --source referral --owner sara --expected-close +45d --set score=74
opp item add $porto --product cafe-s-100 --quantity 6
opp item add $porto --product installation --quantity 12
opp advance $porto

@ 2026-11-03 11:35 luis
opp won $repair --note "Done and paid"
lead qualify $gym --need yes --budget unknown --timeframe yes

@ 2026-11-05 10:00 ana
opp advance $cinema
cinema_quote = quote new $cinema
quote send $cinema_quote
activity add $cinema --type meeting --direction out --subject "Tasting in the foyer" --done

@ 2026-11-06 08:00 ana
corner_again = renew
opp hold $corner_again --until +45d --reason "They decide after the holidays"

@ 2026-11-09 09:15 luis
coworking = opp add "Coworking, self-service bar" --organization "Nave 14" --person "Óscar Lara" --email oscar@nave14.example --source website --owner luis --expected-close +75d --set score=88
opp item add $coworking --product cafe-a-200 --quantity 2
opp item add $coworking --product service-plan --quantity 2
contact add "Eva Ríos" --customer nave-14 --email eva@nave14.example
customer add "Hotel Miramar" --email info@miramar.example --country ES --owner luis

@ 2026-11-10 15:15 ana
museum = lead add --name "Elena Duarte" --organization "Museo del Faro" --email elena@museofaro.example --source website --owner ana --score 60
activity add $museum --type call --direction in --subject "Asks for a machine in the museum shop" --done

@ 2026-11-12 10:00 ana
activity add $museum --type email --direction out --subject "Three dates for a visit" --done
lead qualify $museum --need yes --budget yes --timeframe unknown

@ 2026-11-13 12:30 sara
opp advance $porto
porto_quote = quote new $porto
quote send $porto_quote
opp won $porto --note "Signed in Porto"

@ 2026-11-17 09:45 sara
opp advance $lisbon_deal
opp set $lisbon_deal next_contact.date=+6d next_contact.by=sara "next_contact.note=Ask for the signed order"
opp set $doha expected_close=+80d next_contact.date=+3d

@ 2026-11-18 12:25 luis
opp advance $hospital
activity add $hospital --type meeting --subject "Tasting with the purchasing board" --at "+5d 11:00" --by luis
leak = opp add "Leak in a used machine" --customer ciclos-ribera --type maintenance --amount 280.00 --owner luis --expected-close +20d
opp step done $leak "look at the machine"

@ 2026-11-19 11:00 sara
opp competitor add $lyon "Torino Espresso"

@ 2026-11-19 16:00 luis
quote new $coworking
order cancel vega-y-asociados --reason "They move in January and order again then"

@ 2026-11-20 10:05 ana
activity add $offices --type task --subject "Send the installation plan" --at "+3d 10:00" --by ana
opp set $offices next_contact.date=+4d next_contact.by=ana
supplier-quote new $cinema --supplier molinos-valles
invoice new tostadores-del-sur
