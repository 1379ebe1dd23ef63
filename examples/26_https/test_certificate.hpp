// A certificate for localhost that signs itself, so that the example needs no files. Its key is known to everybody: for
// nothing but this.
#pragma once

inline constexpr const char* test_certificate = R"(-----BEGIN CERTIFICATE-----
MIIBNjCB3aADAgECAgEBMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCWxvY2FsaG9z
dDAgFw0wMjA0MDgxMDUzNTZaGA8yMTI2MTEwNDEwNTM1NlowFDESMBAGA1UEAwwJ
bG9jYWxob3N0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEgkHHqyE9fhRhTdPk
CknooyQyNjlH4OCULGmMp1VYlhQtddwxn7OoMkyJD95bqj3epUpLKoKkB/PXM5Y5
puK33aMeMBwwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMAoGCCqGSM49BAMC
A0gAMEUCIEkIDkV+i57Ih+0FiqREj6T9T6KHAfvbEKtN/ziuZoWEAiEA2HowOBS9
uGcDykNZ1rjQ4Yug1kH4E5nqijBe7YDsaUo=
-----END CERTIFICATE-----
)";
inline constexpr const char* test_key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1Gm3OFukcr6gjz38
+t0njiCV1mhH29Oe3aHA1vipB6ihRANCAASCQcerIT1+FGFN0+QKSeijJDI2OUfg
4JQsaYynVViWFC113DGfs6gyTIkP3luqPd6lSksqgqQH89czljmm4rfd
-----END PRIVATE KEY-----
)";
