// Drover's services run where its machines run.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
