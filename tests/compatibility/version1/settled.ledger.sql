BEGIN TRANSACTION;
CREATE TABLE chains (
	chain VARCHAR(255) NOT NULL, 
	sequence INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (chain)
);
INSERT INTO "chains" VALUES('mbs-erasure/acme',10,'8ffdeec58dc7d7edc5e79b2655f512d8eb2e270da6d337beb0eb5b5210acae2c');
CREATE TABLE events (
	chain VARCHAR(255) NOT NULL, 
	sequence INTEGER NOT NULL, 
	at VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	endpoint TEXT NOT NULL, 
	binding TEXT NOT NULL, 
	life VARCHAR(64) NOT NULL, 
	data TEXT NOT NULL, 
	schema INTEGER NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (chain, sequence)
);
INSERT INTO "events" VALUES('mbs-erasure/acme',1,'2026-11-26T04:45:00.694079+00:00','adopted','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{}',1,'0000000000000000000000000000000000000000000000000000000000000000','22bfbe8208276a14653dd1ce102eee4db213178879bdcd4cbceae6d279a4e329');
INSERT INTO "events" VALUES('mbs-erasure/acme',2,'2026-11-26T04:45:00.694079+00:00','adopted','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/held','5c3d2df2fdeb433e98a6ce951564b2d8','{}',1,'22bfbe8208276a14653dd1ce102eee4db213178879bdcd4cbceae6d279a4e329','25eef46a4376d5d8c59eea6a0fccfbf4b34f75c2353ed16f10f2194ed873410c');
INSERT INTO "events" VALUES('mbs-erasure/acme',3,'2026-11-26T04:45:00.694079+00:00','adopted','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/kept','57d4acebfa874b2f8cf8cadc4ec5404e','{}',1,'25eef46a4376d5d8c59eea6a0fccfbf4b34f75c2353ed16f10f2194ed873410c','b6e5197d829796e41a1e9b9bfab3c96f62e464e4aa5ec7140b06a3ef20193e11');
INSERT INTO "events" VALUES('mbs-erasure/acme',4,'2026-11-26T04:45:00.694079+00:00','adopted','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/owed','5b13b1ef762e4ce6879d4381c5def4c4','{}',1,'b6e5197d829796e41a1e9b9bfab3c96f62e464e4aa5ec7140b06a3ef20193e11','6086d89deca2f161a14555a2f2df5f79864c53c85613a9454510c06aae6bed13');
INSERT INTO "events" VALUES('mbs-erasure/acme',5,'2026-11-26T04:45:10.918902+00:00','held','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/held','5c3d2df2fdeb433e98a6ce951564b2d8','{"reason":"Litigation 2026-114"}',1,'6086d89deca2f161a14555a2f2df5f79864c53c85613a9454510c06aae6bed13','0dea3442d0bb3a5304355565f4f87126587ce6de2e5b288727ae4e0c90a8ef4e');
INSERT INTO "events" VALUES('mbs-erasure/acme',6,'2026-11-26T04:45:10.918902+00:00','intended','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{"approval":"sha256:82b974241c5f24e81dc663a97ffe7dc303ec2c0426ef50f816e7ca5f4360384f","approved_by":"eve@msp.example","computer":"Büro PC","customer":"Acme Dental","destination":"74c0060b-1ca5-4342-9d02-2a7f57e378c4","digest":"sha256:82b974241c5f24e81dc663a97ffe7dc303ec2c0426ef50f816e7ca5f4360384f","due":"2099-12-31","purges":1,"reason":"Contract ended","request":"DSR-2026-17","user":"6970973d-e245-4bbf-a766-dc65a96549c9","who":"dana@msp.example"}',1,'0dea3442d0bb3a5304355565f4f87126587ce6de2e5b288727ae4e0c90a8ef4e','9abd4d50891d7ca741ef23dc4109caecbf113d881d6da4971167eec7a6e9c22a');
INSERT INTO "events" VALUES('mbs-erasure/acme',7,'2026-11-26T04:45:10.998981+00:00','sent','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{"computer":"Büro PC","destination":"74c0060b-1ca5-4342-9d02-2a7f57e378c4","stored_bytes":1000}',1,'9abd4d50891d7ca741ef23dc4109caecbf113d881d6da4971167eec7a6e9c22a','12c3c36937549765817da755e010b42615a2f2595c79bc7a3eeba3b21f57bdf6');
INSERT INTO "events" VALUES('mbs-erasure/acme',8,'2026-11-26T04:45:11.023872+00:00','accepted','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{"computer":"Büro PC","destination":"74c0060b-1ca5-4342-9d02-2a7f57e378c4","stored_bytes":1000}',1,'12c3c36937549765817da755e010b42615a2f2595c79bc7a3eeba3b21f57bdf6','4346660de3aa9defeedd1474a396c7561c63078839f0a368e6506fd8c9a2245b');
INSERT INTO "events" VALUES('mbs-erasure/acme',9,'2026-11-26T04:45:13.791430+00:00','observed','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{"backup_not_after":"2026-08-28T18:44:56.188000+00:00","backup_not_before":"2026-08-27T14:44:56.188000+00:00","copies":0,"listed":false,"running":false,"stored_bytes":0}',1,'4346660de3aa9defeedd1474a396c7561c63078839f0a368e6506fd8c9a2245b','ef806242bf5d7534e9ed84cf5cbba94b238beacd29c0c29fdc912ce5e4b93486');
INSERT INTO "events" VALUES('mbs-erasure/acme',10,'2026-11-26T04:45:13.791430+00:00','verdict','http://127.0.0.1:28787','6970973d-e245-4bbf-a766-dc65a96549c9/74c0060b-1ca5-4342-9d02-2a7f57e378c4/b%C3%BCro%20pc','92e64d03aa3a4b40a88cc2c495739de1','{"because":"not listed any more; the deadline has not passed","verdict":"delisted"}',1,'ef806242bf5d7534e9ed84cf5cbba94b238beacd29c0c29fdc912ce5e4b93486','8ffdeec58dc7d7edc5e79b2655f512d8eb2e270da6d337beb0eb5b5210acae2c');
CREATE TABLE leases (
	chain VARCHAR(255) NOT NULL, 
	holder TEXT NOT NULL, 
	renewed VARCHAR(40) NOT NULL, 
	PRIMARY KEY (chain)
);
CREATE TABLE ledger (
	version INTEGER NOT NULL
);
INSERT INTO "ledger" VALUES(1);
CREATE INDEX events_by_life ON events (life);
CREATE INDEX events_by_binding ON events (binding, kind);
CREATE INDEX events_by_time ON events (chain, kind, at);
COMMIT;
